/* The slip's own code carries the digits behind "#": they fill the field and leave the address. */
(function () {
  "use strict";
  var field = document.getElementById("code");
  function fill() {
    var found = /[#&]code=([0-9 -]{12,20})/.exec(window.location.hash);
    if (!found || !field) { return; }
    field.value = found[1].replace(/\D/g, "").replace(/(\d{4})(?=\d)/g, "$1 ");
    if (window.history.replaceState) {
      window.history.replaceState(null, "", window.location.pathname + window.location.search);
    } else {
      window.location.hash = "";
    }
  }
  fill();
  window.addEventListener("hashchange", fill);
}());
