// A form is sent once: a second press within seconds, while the first is on its way, sends nothing.
(function () {
  "use strict";
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.hasAttribute("data-sent")) {
      event.preventDefault();
      return;
    }
    if (!event.defaultPrevented && form.method === "post") {
      form.setAttribute("data-sent", "");
      setTimeout(function () { form.removeAttribute("data-sent"); }, 5000);
    }
  });
  // Back from the next page it is the same document, and may be sent again.
  window.addEventListener("pageshow", function () {
    Array.prototype.forEach.call(document.querySelectorAll("form[data-sent]"), function (form) {
      form.removeAttribute("data-sent");
    });
  });
})();
