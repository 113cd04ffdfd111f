/* Sends a vote again until the server says it is recorded; without this the form just works.
   The same request_id counts once. It stores nothing of what was chosen. */
(function () {
  "use strict";
  var KEY = "juyi-pending", form = document.querySelector("form[data-vote]");
  var box = document.querySelector("[data-pending]"), delay = 2000, timer = null, busy = false;

  function keep(text) { try { localStorage.setItem(KEY, text); } catch (e) { return; } }
  function kept() {
    try { return JSON.parse(localStorage.getItem(KEY)); } catch (e) { return null; }
  }

  function say(where, word) {
    var lines = where.querySelectorAll("[data-say]"), i;
    for (i = 0; i < lines.length; i += 1) {
      lines[i].hidden = lines[i].getAttribute("data-say") !== word;
    }
    where.hidden = false;
  }

  function ask(method, url, body, then) {
    var call = new XMLHttpRequest();
    call.open(method, url);
    call.timeout = 15000;
    call.setRequestHeader("Accept", "application/json");
    if (body) { call.setRequestHeader("Content-Type", "application/x-www-form-urlencoded"); }
    call.onloadend = function () {
      var answer = null;
      try { answer = JSON.parse(call.responseText); } catch (e) { answer = null; }
      then(call.status, answer || {});
    };
    call.send(body);
  }

  function written() {
    var parts = [], fields = form.querySelectorAll("input[name]"), i;
    for (i = 0; i < fields.length; i += 1) {
      parts.push(encodeURIComponent(fields[i].name) + "=" + encodeURIComponent(fields[i].value));
    }
    return parts.join("&");
  }

  function send() {
    var told = form.querySelector("[data-told]");
    if (busy) { return; }
    busy = true;
    clearTimeout(timer);
    say(told, "sending");
    ask("POST", form.action, written(), function (status, answer) {
      busy = false;
      if (answer.status === "recorded") {
        keep("null");
        location.replace(form.getAttribute("data-receipts") + "/" + answer.receipt);
      } else if (status >= 400 && status < 500) {
        /* An answer for a person: let the page itself show it. */
        form.submit();
      } else {
        say(told, status ? "busy" : "lost");
        timer = setTimeout(send, delay);
        delay = Math.min(delay * 2, 30000);
      }
    });
  }

  if (form) {
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      keep(JSON.stringify({ home: form.getAttribute("data-home"), url: form.getAttribute("data-vote")
        + "?request_id=" + form.querySelector("[name=request_id]").value }));
      send();
    });
    addEventListener("online", function () { if (timer) { send(); } });
  } else if (box && kept() && kept().home === box.getAttribute("data-pending")) {
    ask("GET", kept().url, null, function (status, answer) {
      if (answer.status !== "recorded" && answer.status !== "unknown") { return; }
      say(box, answer.status);
      keep("null");
    });
  }
}());
