/* Reads a part aloud. */
(function (speech, root) {
  function show() {
    speech.getVoices().forEach(function (one) {
      if (!one.lang.indexOf(root.lang.slice(0, 2))) { root.className = "speaks"; }
    });
  }
  function stop() {
    var button = root.querySelector("[aria-pressed=true]");
    speech.cancel();
    if (button) { button.setAttribute("aria-pressed", false); }
    return button;
  }
  if (!speech) { return; }
  show(speech.onvoiceschanged = show);
  onpagehide = stop;
  onclick = function (event) {
    var button = event.target;
    if (button.className !== "speak" || stop() === button) { return; }
    button.setAttribute("aria-pressed", true);
    button.parentNode.parentNode.innerText.split(/[。\n]/).forEach(function (one) {
      one = new SpeechSynthesisUtterance(one);
      one.lang = root.lang.replace(/Han./, "CN");
      one.onend = function () { if (!speech.pending) { stop(); } };
      speech.speak(one);
    });
  };
}(this.speechSynthesis, document.documentElement));
