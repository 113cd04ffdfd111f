/* Tick all cases of the page at once; without it each is ticked by hand. */
(function () {
  var form = document.querySelector('form.queue');
  var corner = form && form.querySelector('thead .tick');
  if (!corner) { return; }
  var all = document.createElement('input');
  all.type = 'checkbox';
  all.className = 'form-check-input';
  all.setAttribute('aria-label', document.querySelector('h1').textContent);
  all.addEventListener('change', function () {
    var boxes = form.querySelectorAll('input[name="case"]');
    for (var i = 0; i < boxes.length; i += 1) { boxes[i].checked = all.checked; }
  });
  corner.appendChild(all);
}());
