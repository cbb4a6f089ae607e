"use strict";

// Copies what another element says. Without HTTPS browsers have no clipboard, so then the
// text is selected and people copy it themselves.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = button.dataset.copied;
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = button.dataset.byHand;
  }
});
