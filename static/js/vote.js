/* An outbox: what was confirmed stays on this phone, under its home, until the server has said what
   became of it; the same request counts once. Without it, or without storage, the form just works. */
(function () {
  "use strict";
  var box = document.querySelector("[data-outbox]"), form = document.querySelector("[data-vote]");
  var key = box && "juyi-" + box.getAttribute("data-outbox"), wait = 2000, timer, busy, confirmed;

  function kept() {
    try { return JSON.parse(localStorage.getItem(key)); } catch (e) { return null; }
  }

  function keep(item) {
    try {
      localStorage.removeItem(key);
      if (item) { localStorage.setItem(key, JSON.stringify(item)); }
      return true;
    } catch (e) { return false; }
  }

  function each(selector, then) { [].forEach.call(document.querySelectorAll(selector), then); }

  function say(word) {
    each("[data-say]", function (line) { line.hidden = line.getAttribute("data-say") !== word; });
    box.hidden = false;
  }

  /* It did not count, and a person has to see that: on the server's own page where there is one. */
  function tell(item) {
    each("[data-look]", function (link) { link.href = item.url; });
    if (confirmed) { form.submit(); } else { say(item.said); }
  }

  function send() {
    var item = kept(), call;
    clearTimeout(timer);
    if (busy || !item) { return; }
    if (item.said) { tell(item); return; }
    busy = true;
    say("sending");
    call = new XMLHttpRequest();
    call.open("POST", item.url);
    call.timeout = 15000;
    call.setRequestHeader("Accept", "application/json");
    call.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    call.onloadend = function () {
      var answer = {}, status = call.status;
      try { answer = JSON.parse(call.responseText) || answer; } catch (e) { answer = {}; }
      busy = false;
      if (answer.status === "recorded") {
        keep();
        each("[data-code]", function (code) { code.textContent = answer.receipt; });
        say("recorded");
        location.replace(box.getAttribute("data-receipts") + "/" + answer.receipt);
      } else if (status === 401 || status === 403) {
        say("again");
      } else if (answer.status && (status === 409 || status === 422)) {
        item = { url: item.url, said: answer.status === "not-open" ? "closed" : "look" };
        keep(item);
        tell(item);
      } else {
        say("kept");
        timer = setTimeout(send, wait);
        wait = Math.min(wait * 2, 30000);
      }
    };
    /* The token of this page, not of the one on which it was confirmed. */
    call.send(item.body + "&csrf_token=" + document.querySelector("[name=csrf_token]").value);
  }

  if (!box) { return; }
  each("[data-forget]", function (way) {
    way.addEventListener("click", function () {
      keep();
      if (way.getAttribute("data-forget")) { try { localStorage.clear(); } catch (e) { return; } }
    });
  });
  if (box.getAttribute("data-seen")) { keep(); return; }
  if (form) {
    if ((kept() || {}).said) { keep(); }
    form.addEventListener("submit", function (event) {
      var parts = [];
      each("[data-vote] input[name]", function (field) {
        if (field.name !== "csrf_token") {
          parts.push(encodeURIComponent(field.name) + "=" + encodeURIComponent(field.value));
        }
      });
      if (keep({ url: form.getAttribute("action"), body: parts.join("&") })) {
        event.preventDefault();
        confirmed = true;
        send();
      }
    });
  }
  addEventListener("online", send);
  send();
}());
