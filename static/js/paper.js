/* Forms on paper: digits choose and go on, the photograph grows, all boxes of an entrance at once.
   Everything works without it. */
(function () {
  "use strict";
  function each(list, work) { Array.prototype.forEach.call(list, work); }

  function keying(form) {
    var questions = form.querySelectorAll("[data-keys]");
    var now = 0;
    function show() {
      each(questions, function (question, place) {
        question.classList[place === now ? "add" : "remove"]("now");
      });
    }
    function choose(digit) {
      var option = questions[now] && questions[now].querySelectorAll("input")[digit - 1];
      if (!option) { return; }
      option.checked = true;
      option.focus();
      now += 1;
      show();
    }
    each(questions, function (question, place) {
      question.addEventListener("change", function () { now = place + 1; show(); });
      question.addEventListener("focusin", function () {
        if (!question.querySelector("input:checked")) { now = place; show(); }
      });
    });
    document.addEventListener("keydown", function (event) {
      var typing = /^(text|date|search)$/.test(event.target.type) || event.target.tagName === "TEXTAREA";
      if (typing || event.ctrlKey || event.altKey || event.metaKey) { return; }
      if (/^[1-9]$/.test(event.key)) { choose(Number(event.key)); event.preventDefault(); }
      if (event.key === "Backspace" && now > 0) { now -= 1; show(); event.preventDefault(); }
    });
    show();
    // A phone has no keys, and jumping to the first field would hide the photograph.
    if (!window.matchMedia("(pointer: fine)").matches) { return; }
    form.classList.add("with-keys");
    each(form.querySelectorAll("[data-help]"), function (help) { help.hidden = false; });
    var first = form.querySelector("input[type=radio]");
    if (first) { first.focus({ preventScroll: true }); }
  }

  function zooming(part) {
    var sizes = ["", "larger", "largest"];
    var frame = part.querySelector(".frame");
    var size = 0;
    function turn(by) {
      size = Math.max(0, Math.min(sizes.length - 1, size + by));
      frame.className = "frame " + sizes[size];
    }
    part.querySelector(".zoom").hidden = false;
    part.querySelector("[data-more]").addEventListener("click", function () { turn(1); });
    part.querySelector("[data-less]").addEventListener("click", function () { turn(-1); });
    frame.querySelector("img").addEventListener("click", function () { turn(size === 2 ? -2 : 1); });
  }

  function ticking(button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      each(button.form.querySelectorAll("input[name=forms]"), function (box) { box.checked = true; });
    });
  }

  each(document.querySelectorAll("[data-keying]"), keying);
  each(document.querySelectorAll("[data-zoom]"), zooming);
  each(document.querySelectorAll("[data-tick-all]"), ticking);
}());
