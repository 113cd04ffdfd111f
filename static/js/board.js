/* What a browser can do beyond the page itself: fill the screen, copy a text. */
(function () {
  "use strict";
  document.querySelectorAll("[data-fullscreen]").forEach(function (button) {
    if (!document.fullscreenEnabled) { return; }
    button.hidden = false;
    button.addEventListener("click", function () {
      if (document.fullscreenElement) {
        document.exitFullscreen();
      } else {
        document.documentElement.requestFullscreen();
      }
    });
  });

  document.querySelectorAll("[data-copy]").forEach(function (button) {
    const text = document.getElementById(button.dataset.copy), label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", function () {
      text.focus();
      text.select();
      // The older way works without https, too, as in the office's own network.
      button.textContent = document.execCommand("copy") ? button.dataset.copied : label;
    });
  });
}());
