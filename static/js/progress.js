/* Follows a background job: fills its progress bar once a second, reloads the page at its end. */
(function () {
  "use strict";
  var bar = document.querySelector("progress[data-progress]");
  if (!bar) { return; }
  function ask() {
    fetch(bar.dataset.progress, { headers: { Accept: "application/json" } })
      .then(function (answer) { return answer.json(); })
      .then(function (job) {
        if (job.finished) { window.location.reload(); return; }
        if (job.total) { bar.max = job.total; bar.value = job.done; }
        window.setTimeout(ask, 1000);
      })
      .catch(function () { window.setTimeout(ask, 3000); });
  }
  ask();
}());
