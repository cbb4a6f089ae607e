/* The translator's desk: each line saves alone, in place; Ctrl+Enter saves and goes on. */
(() => {
  "use strict";

  const desk = document.querySelector("[data-desk]");
  if (!desk) return;

  const isDirty = () => desk.querySelector(".is-dirty");

  async function save(form, step, goOn) {
    const body = new FormData(form);
    body.set("step", step);
    const buttons = form.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body,
        headers: { "X-Requested-With": "fetch" },
      });
      if (answer.redirected || ![200, 422].includes(answer.status)) throw new Error(answer.status);
      const html = await answer.text();
      const next = goOn && answer.ok && form.nextElementSibling;
      const box = document.createElement("template");
      box.innerHTML = html.trim();
      const line = box.content.firstElementChild;
      form.replaceWith(line);
      line.classList.toggle("is-dirty", !answer.ok);
      window.landfall?.watch(line);
      (next || line).querySelector("textarea")?.focus();
    } catch {
      for (const button of buttons) button.disabled = false;
      const words = document.createElement("div");
      words.className = "lf-field-error";
      words.setAttribute("role", "alert");
      words.textContent = desk.dataset.failedText;
      form.querySelector(".lf-line-own").append(words);
    }
  }

  desk.addEventListener("submit", (event) => {
    event.preventDefault();
    save(event.target, event.submitter?.value || "save", false);
  });
  desk.addEventListener("input", (event) => event.target.form?.classList.add("is-dirty"));
  desk.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
      event.preventDefault();
      save(event.target.form, "save", true);
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.submit();
  });
  window.addEventListener("beforeunload", (event) => {
    if (isDirty()) event.preventDefault();
  });
})();
