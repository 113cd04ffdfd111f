/* An outbox: what was confirmed stays on this phone, under its home, until the server has said what
   became of it; the same request counts once. Without it, or without storage, the form just works. */
(function () {
  "use strict";
  var box = document.querySelector("[data-outbox]"), form = document.querySelector("[data-vote]");
  var button = form && form.querySelector("button"), label = button && button.textContent;
  var home = box && box.getAttribute("data-outbox"), key = "juyi-" + home;
  var told = /^(not-open|plan-changed|voted-meanwhile)$/, wait = 2000, timer, busy, confirmed, mine;

  function read(name) {
    var item;
    try {
      item = JSON.parse(localStorage.getItem(name));
      if (/^(\/\w+)*\/rounds\/\d+\/vote$/.test(item.url) && item.body + "" === item.body) {
        return item;
      }
    } catch (e) { item = 0; }
    /* It is none of ours. */
    try { localStorage.removeItem(name); } catch (e) { item = 0; }
    return {};
  }

  function keep(item) {
    try {
      localStorage.removeItem(key);
      if (item) { localStorage.setItem(key, JSON.stringify(item)); }
      return true;
    } catch (e) { return false; }
  }

  /* Another page may have confirmed something else since. */
  function settle(item, then) {
    if (read(key).body === item.body) { keep(then); }
  }

  /* Of homes only. */
  function names() {
    try {
      return Object.keys(localStorage).filter(function (name) { return /^juyi-/.test(name); });
    } catch (e) { return []; }
  }

  function othersWait() {
    return names().some(function (name) { return name !== key && read(name).body; });
  }

  function each(selector, then) { [].forEach.call(document.querySelectorAll(selector), then); }

  function say(word) {
    each("[data-say]", function (line) { line.hidden = line.getAttribute("data-say") !== word; });
    box.hidden = false;
    if (button) {
      button.disabled = word === "sending" || word === "kept";
      button.textContent = button.disabled ? button.getAttribute("data-trying") : label;
    }
  }

  function filledIn() {
    var parts = [];
    each("[data-vote] input[name]", function (field) {
      if (field.name !== "csrf_token") {
        parts.push(encodeURIComponent(field.name) + "=" + encodeURIComponent(field.value));
      }
    });
    return parts.join("&");
  }

  /* It did not count, and a person has to see that: on the server's own page where there is one. */
  function tell(item) {
    each("[data-look]", function (link) { link.href = item.url; });
    if (confirmed) { form.submit(); } else { say(item.said); }
  }

  function ask(method, url, body, then) {
    var call = new XMLHttpRequest();
    busy = true;
    call.open(method, url);
    call.timeout = 15000;
    call.setRequestHeader("Accept", "application/json");
    call.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    call.onloadend = function () {
      var answer = {};
      try { answer = JSON.parse(call.responseText) || answer; } catch (e) { answer = {}; }
      busy = false;
      if (answer.status === "recorded") {
        settle(mine);
        each("[data-code]", function (code) { code.textContent = answer.receipt; });
        say("recorded");
        location.replace(box.getAttribute("data-receipts") + "/" + answer.receipt);
      } else if (!answer.status || !then(answer.status, call.status)) {
        say("kept");
        timer = setTimeout(send, wait);
        wait = Math.min(wait * 2, 30000);
      }
    };
    call.send(body);
  }

  function send() {
    var item = read(key);
    clearTimeout(timer);
    if (busy || !home) { return; }
    if (!item.url && mine) {
      /* Another page sent or forgot it. */
      ask("GET", mine.url.replace(/vote$/, "status?") + /request_id=[^&]*/.exec(mine.body), null,
        function (word, status) {
          if (status === 200 || status === 401) { say("gone"); return true; }
        });
      return;
    }
    if (!item.url) { return; }
    if (item.said) { tell(item); return; }
    /* Never past the page that a person reads now. */
    if (form && item.body !== filledIn()) { say("older"); return; }
    mine = item;
    say("sending");
    /* The token of this page, not of the one on which it was confirmed. */
    ask("POST", item.url, item.body + "&csrf_token=" + box.getAttribute("data-token"),
      function (word, status) {
        if (status === 401 || status === 403) { say("again"); return true; }
        if (status === 409 || status === 422) {
          item = { url: item.url, body: "", said: told.test(word) ? word : "other" };
          settle(mine, item);
          tell(item);
          return true;
        }
      });
  }

  if (!box) { return; }
  addEventListener("pageshow", function (event) {
    /* Going back shows nothing of a home that was left. */
    if (event.persisted && home && navigator.onLine !== false) { location.reload(); }
  });
  each("[data-forget]", function (way) {
    way.addEventListener("click", function (event) {
      var loss;
      if (!way.getAttribute("data-forget")) { keep(); return; }
      loss = read(key).body ? "data-ask" : othersWait() ? "data-ask-others" : "";
      if (loss && !confirm(box.getAttribute(loss))) { event.preventDefault(); return; }
      names().forEach(function (name) { localStorage.removeItem(name); });
    });
  });
  each("[data-back]", function (way) {
    way.addEventListener("click", function (event) {
      if (navigator.onLine === false) {
        event.preventDefault();
        alert(way.getAttribute("data-back"));
      }
    });
  });
  if (!home) {
    if (othersWait()) { say("again"); }
    return;
  }
  if ((form || box.getAttribute("data-seen")) && read(key).said) { keep(); }
  if (box.getAttribute("data-seen")) { return; }
  if (form) {
    form.addEventListener("submit", function (event) {
      if (keep({ url: form.getAttribute("action"), body: filledIn() })) {
        event.preventDefault();
        confirmed = true;
        send();
      }
    });
  }
  addEventListener("online", send);
  send();
}());
