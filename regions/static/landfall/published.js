/* Follow a saved change until clients have it: "Publishing…" becomes "live on 2 of 2 nodes". */
(() => {
  "use strict";

  const FAST_MS = 150;
  const SLOW_MS = 2000;
  const PATIENCE_S = 3;
  const GIVE_UP_MS = 120000;
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  async function follow(note) {
    const began = performance.now();
    for (;;) {
      const seconds = (performance.now() - began) / 1000;
      const query = new URLSearchParams({ changes: note.dataset.published, after: seconds.toFixed(2) });
      try {
        const answer = await fetch(`${note.dataset.address}?${query}`, {
          headers: { Accept: "application/json" },
        });
        if (answer.redirected || answer.status === 403) return;
        if (answer.ok) {
          const told = await answer.json();
          if (note.textContent !== told.text) note.textContent = told.text;
          note.toggleAttribute("data-slow", seconds > PATIENCE_S);
          note.dataset.state = told.state;
          if (told.done) return void document.dispatchEvent(new Event("landfall:published"));
        }
      } catch {
        /* The next round asks again. */
      }
      const waited = performance.now() - began;
      if (!note.isConnected || waited > GIVE_UP_MS) return;
      await pause(waited < 3000 ? FAST_MS : SLOW_MS);
    }
  }

  function watch(root) {
    for (const note of root.querySelectorAll("[data-published]:not([data-state])")) {
      note.dataset.state = "asked";
      follow(note);
    }
  }

  window.landfall = { watch };
  document.addEventListener("DOMContentLoaded", () => watch(document));
})();
