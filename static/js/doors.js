/* What is pressed at a door stays on this phone, under the name of whoever is signed in, until the
   server has said what became of it; the same request counts once. Without storage or script the
   buttons just send. It also counts down the minutes of a helped home, and ticks a whole page. */
(function () {
  "use strict";
  var box = document.querySelector("[data-doors-outbox]"), wait = 2000, busy, timer, said = "";
  var whose = box && "doors-" + box.getAttribute("data-doors-outbox") + "-";
  var shape = /^(\/[\w.-]+)*\/desk\/doors\/\d+\/visits$/;

  function each(selector, then, inside) {
    [].forEach.call((inside || document).querySelectorAll(selector), then);
  }

  function text(name) { return box.getAttribute("data-" + name); }

  function read(name) {
    var item;
    try { item = JSON.parse(localStorage.getItem(name)); } catch (e) { item = null; }
    return item && shape.test(item.url) && item.body + "" === item.body ? item : null;
  }

  function keep(name, item) {
    try {
      localStorage.setItem(name, JSON.stringify(item));
      return true;
    } catch (e) { return false; }
  }

  function drop(name) { try { localStorage.removeItem(name); } catch (e) { said = ""; } }

  /* Names begin with the moment, so that their order is the order of pressing. */
  function kept(prefix) {
    var names = [];
    try { names = Object.keys(localStorage); } catch (e) { return names; }
    return names.filter(function (name) {
      return name.indexOf(prefix) === 0 && read(name);
    }).sort();
  }

  function waiting() {
    return kept(whose).filter(function (name) { return !read(name).error; });
  }

  function formOf(item) {
    var found = null;
    each("form[data-visit]", function (form) {
      if (form.getAttribute("action") === item.url) { found = form; }
    });
    return found;
  }

  function mark(item, word) {
    var form = formOf(item), line = form && form.querySelector("[data-done]");
    if (!line) { return; }
    line.hidden = false;
    line.querySelector("span").textContent = text(word) + " · " + item.label;
    each("button[name=outcome]", function (button) { button.disabled = true; }, form);
  }

  /* What the page says of earlier knocks, as the server tells it now. */
  function refresh() {
    var call = new XMLHttpRequest();
    if (!window.DOMParser || !document.querySelector("[data-fresh]")) { return; }
    call.open("GET", location.pathname + location.search);
    call.onload = function () {
      var now = new DOMParser().parseFromString(call.responseText, "text/html");
      if (call.status !== 200) { return; }
      each("[data-fresh]", function (old) {
        var fresh = now.getElementById(old.id);
        if (fresh) { old.innerHTML = fresh.innerHTML; }
      });
    };
    call.send();
  }

  /* Only what was recorded just now can be taken back here. */
  function offerUndo(item, address) {
    var form = formOf(item), button = form && form.querySelector("[data-undo]");
    if (!button) { return; }
    button.hidden = !address;
    button.setAttribute("data-undo", address || "");
  }

  function undo(form, button) {
    var call = new XMLHttpRequest();
    call.open("POST", button.getAttribute("data-undo"));
    call.setRequestHeader("Accept", "application/json");
    call.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    call.onload = function () {
      var is_gone = call.status === 200;
      button.hidden = is_gone || call.status === 409;
      form.querySelector("[data-done] span").textContent = text(is_gone ? "undone" : "stays");
      each("button[name=outcome]", function (one) { one.disabled = !is_gone; }, form);
      refresh();
    };
    call.send("csrf_token=" + encodeURIComponent(text("token")));
  }

  function again(form) {
    form.querySelector("[data-done]").hidden = true;
    each("button[name=outcome]", function (button) { button.disabled = false; }, form);
  }

  function tellRefused() {
    var list = box.querySelector("[data-refused] ul"), count = 0;
    list.textContent = "";
    kept(whose).forEach(function (name) {
      var item = read(name), line;
      if (!item.error) { return; }
      count += 1;
      line = document.createElement("li");
      line.textContent = item.place + " · " + item.label + " · " + item.error;
      list.appendChild(line);
    });
    box.querySelector("[data-refused]").hidden = !count;
    return count;
  }

  function show(word) {
    var count = waiting().length, others = kept("doors-").length - kept(whose).length;
    var colleagues = box.querySelector("[data-others]"), refused = tellRefused();
    said = word === undefined ? said : word;
    if (!count && said !== "sent") { said = ""; }
    each("[data-say]", function (line) {
      line.hidden = line.getAttribute("data-say") !== said;
    }, box);
    each("[data-counted]", function (line) {
      line.textContent = line.getAttribute("data-counted").replace("#", count);
    }, box);
    colleagues.hidden = !others;
    colleagues.textContent = colleagues.getAttribute("data-others").replace("#", others);
    box.hidden = !(said || others || refused);
  }

  function refuse(name, item, error) {
    item.error = error;
    keep(name, item);
    mark(item, "lost");
  }

  function judge(name, item, status, answer) {
    if (status === 200 && answer.status === "recorded") {
      drop(name);
      mark(item, "sent");
      offerUndo(item, answer.undo);
      return true;
    }
    if (status === 401 || (status === 403 && item.barred !== text("token") && !item.barred)) {
      /* Perhaps the page is older than the last signing in: not yet lost. */
      item.barred = status === 403 ? text("token") : "";
      keep(name, item);
      show("again");
      return false;
    }
    if (status === 403 && item.barred === text("token")) { show("again"); return false; }
    if (status === 403 || status === 404) { refuse(name, item, text("forbidden")); return true; }
    if (status === 409) { refuse(name, item, answer.error || ""); return true; }
    show("kept");
    timer = setTimeout(send, wait);
    wait = Math.min(wait * 2, 30000);
    return false;
  }

  function send() {
    var name = waiting()[0], item = name && read(name), call;
    clearTimeout(timer);
    if (busy) { return; }
    if (!item) {
      if (said === "sending") { refresh(); }
      show(said === "sending" ? "sent" : "");
      return;
    }
    busy = true;
    show("sending");
    call = new XMLHttpRequest();
    call.open("POST", item.url);
    call.timeout = 15000;
    call.setRequestHeader("Accept", "application/json");
    call.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    call.onloadend = function () {
      var answer = {};
      try { answer = JSON.parse(call.responseText) || answer; } catch (e) { answer = {}; }
      busy = false;
      if (judge(name, item, call.status, answer)) {
        wait = 2000;
        send();
      }
    };
    /* How long ago it was, not when: the clock of a phone may be wrong. */
    call.send(item.body + "&ago=" + Math.max(0, Math.floor((Date.now() - item.at) / 1000)) +
      "&csrf_token=" + encodeURIComponent(text("token")));
  }

  function filledIn(form, button) {
    var parts = ["outcome=" + encodeURIComponent(button.value)];
    each("input[name]", function (field) {
      if (field.name !== "csrf_token") {
        parts.push(encodeURIComponent(field.name) + "=" + encodeURIComponent(field.value));
      }
    }, form);
    return parts.join("&");
  }

  function anotherId() {
    return Date.now().toString(36) + Math.random().toString(36).slice(2) +
      Math.random().toString(36).slice(2);
  }

  function hook(form) {
    var pressed;
    each("button[name=outcome]", function (button) {
      button.addEventListener("click", function () { pressed = button; });
    }, form);
    each("[data-once-more]", function (button) {
      button.addEventListener("click", function () { again(form); });
    }, form);
    each("[data-undo]", function (button) {
      button.addEventListener("click", function () { undo(form, button); });
    }, form);
    form.addEventListener("submit", function (event) {
      var item, id = anotherId();
      if (!pressed) { return; }
      item = {
        url: form.getAttribute("action"), body: filledIn(form, pressed), at: Date.now(),
        label: pressed.textContent, place: form.getAttribute("data-visit")
      };
      if (!keep(whose + item.at + "-" + id, item)) { return; }
      event.preventDefault();
      form.querySelector("[name=request_id]").value = id;
      each("[name=note], [name=next_on]", function (field) { field.value = ""; }, form);
      mark(item, "kept");
      offerUndo(item, "");
      show("kept");
      send();
    });
  }

  function countDown(clock) {
    var end = Date.now() + clock.getAttribute("data-left") * 1000, ticking;
    function tick() {
      var left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      clock.textContent = Math.floor(left / 60) + ":" + ("0" + left % 60).slice(-2);
      if (left) { return; }
      clearInterval(ticking);
      each("[data-over]", function (line) { line.hidden = false; });
      each("[data-helped] button", function (button) { button.disabled = true; });
    }
    ticking = setInterval(tick, 1000);
    tick();
  }

  each("[data-left]", countDown);
  each("[data-all]", function (all) {
    all.hidden = false;
    all.addEventListener("change", function () {
      each("input[name=doors]", function (one) { one.checked = all.checked; });
    });
  });
  if (!box) { return; }
  each("form[data-visit]", hook);
  each("[data-forget]", function (button) {
    button.addEventListener("click", function () {
      kept(whose).forEach(function (name) { if (read(name).error) { drop(name); } });
      show();
    });
  }, box);
  waiting().forEach(function (name) { mark(read(name), "kept"); });
  addEventListener("online", send);
  addEventListener("storage", function () { show(); });
  show(waiting().length ? "kept" : "");
  send();
}());
