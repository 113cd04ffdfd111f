/* Keeps the live parts of a board fresh: asks once a second, shows what changed, says when it
   cannot. Rests in a hidden tab; a slow or failing server is asked less often. */
(function () {
  "use strict";
  const root = document.querySelector("[data-live]");
  if (!root) { return; }
  const note = root.querySelector("[data-note]");
  let etag = root.dataset.etag, failures = 0, timer = 0, asking = false;

  function tell(what) {
    const text = what ? note.dataset[what] : "";
    if (note.textContent !== text) { note.textContent = text; }
    root.classList.toggle("stale", Boolean(text));
  }

  function values(part) {
    const found = new Map();
    part.querySelectorAll("[data-key]").forEach((el) => found.set(el.dataset.key, el.textContent));
    return found;
  }

  function show(parts) {
    root.querySelectorAll("[data-part]").forEach((part) => {
      const html = parts[part.dataset.part];
      if (html === undefined || part.dataset.shown === html) { return; }
      const before = values(part), focused = document.activeElement;
      const href = part.contains(focused) ? focused.getAttribute("href") : null;
      const unfolded = Array.from(part.querySelectorAll("details")).map((one) => one.open);
      part.innerHTML = html;
      part.querySelectorAll("details").forEach((one, at) => { one.open = unfolded[at] === true; });
      part.dataset.shown = html;
      part.querySelectorAll("[data-key]").forEach((el) => {
        const key = el.dataset.key;
        if (before.has(key) && before.get(key) !== el.textContent) { el.classList.add("changed"); }
      });
      if (href) {
        Array.from(part.querySelectorAll("a")).filter((a) => a.getAttribute("href") === href)
          .slice(0, 1).forEach((a) => a.focus());
      }
    });
  }

  async function ask() {
    if (document.hidden || asking) { return; }
    asking = true;
    const began = performance.now(), limit = new AbortController();
    const watch = window.setTimeout(() => limit.abort(), 8000);
    try {
      const answer = await fetch(root.dataset.live, {
        cache: "no-store", signal: limit.signal, redirect: "error",
        headers: { Accept: "application/json", "If-None-Match": etag },
      });
      if (answer.status === 401 || answer.status === 403) { tell("login"); return; }
      if (answer.status !== 304) {
        if (!answer.ok) { throw new Error(answer.status); }
        show(await answer.json());
        etag = answer.headers.get("ETag");
      }
      failures = 0;
      tell("");
      again(Math.min(10000, Math.max(1000, 3 * (performance.now() - began))));
    } catch (_error) {
      failures += 1;
      tell("lost");
      again(Math.min(30000, 1000 * 2 ** failures));
    } finally {
      window.clearTimeout(watch);
      asking = false;
    }
  }

  function again(delay) {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, delay);
  }

  document.addEventListener("visibilitychange", () => again(0));
  again(1000);
}());
