/* The launch board: filter, walk by keyboard, open a cell, save it. No library. */
(() => {
  "use strict";

  const page = document.querySelector("[data-board]");
  if (!page) return;
  const holder = document.getElementById("board");
  const gridBox = document.getElementById("board-grid");
  const search = document.getElementById("board-search");
  const market = document.getElementById("board-market");
  const told = document.getElementById("board-told");
  const scope = { app: page.dataset.app, environment: page.dataset.environment };
  const statuses = new Set();
  let dirty = false;
  let asked = 0;

  const panel = () => document.getElementById("cell-panel");
  const rows = () => [...gridBox.querySelectorAll("tbody tr[data-code]")];
  const cells = (row) => [...row.querySelectorAll(".lf-cell")];
  const shownRows = () => rows().filter((row) => !row.hidden);
  /* Marks are left out, so that "turkiye" and "cote" find Türkiye and Côte d'Ivoire. */
  const fold = (text) => text.trim().toLocaleLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

  /* Filters */

  function filter() {
    const words = fold(search.value);
    let shown = 0;
    const live = new Map();
    for (const row of rows()) {
      const inMarket = !market.value || row.dataset.markets.split(" ").includes(market.value);
      const named = !words || fold(row.dataset.words).includes(words);
      let hit = !statuses.size;
      for (const cell of row.querySelectorAll("td[data-marks]")) {
        const marks = cell.dataset.marks.split(" ");
        const matches = !statuses.size || marks.some((mark) => statuses.has(mark));
        cell.classList.toggle("is-faded", !matches);
        hit = hit || matches;
      }
      row.hidden = !(inMarket && named && hit);
      if (row.hidden) continue;
      shown += 1;
      for (const cell of row.querySelectorAll("td[data-marks]")) {
        if (cell.dataset.marks.split(" ")[0] === "live") {
          live.set(cell.dataset.bundle, (live.get(cell.dataset.bundle) || 0) + 1);
        }
      }
    }
    for (const column of gridBox.querySelectorAll("th[data-column]")) {
      const count = live.get(column.dataset.column) || 0;
      column.querySelector("[data-live]").textContent = count;
      column.querySelector("[data-all]").textContent = shown;
      column.querySelector(".lf-meter-fill").setAttribute("width", shown ? (100 * count) / shown : 0);
    }
    const filtered = Boolean(words || market.value || statuses.size);
    gridBox.querySelector("[data-shown]").textContent = shown;
    gridBox.querySelector("[data-nothing]").hidden = shown > 0 || !filtered;
    gridBox.querySelector(".lf-chip-clear").hidden = !filtered;
    for (const chip of gridBox.querySelectorAll("[data-status]")) {
      chip.setAttribute("aria-pressed", String(statuses.has(chip.dataset.status)));
    }
    rove();
    keepAddress();
  }

  function keepAddress(push) {
    const address = new URL(location.href);
    const open = panel();
    const values = {
      ...scope,
      search: search.value.trim(),
      market: market.value,
      status: [...statuses].join(","),
      cell: open ? open.dataset.panel : "",
    };
    for (const [name, value] of Object.entries(values)) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    if (address.href === location.href) return;
    history[push ? "pushState" : "replaceState"](null, "", address);
    for (const link of page.querySelectorAll("[data-environment-link]")) {
      const target = new URL(link.href);
      for (const name of ["search", "market", "status", "cell"]) {
        if (values[name]) target.searchParams.set(name, values[name]);
        else target.searchParams.delete(name);
      }
      link.href = target;
    }
  }

  function clear() {
    search.value = "";
    market.value = "";
    statuses.clear();
    filter();
  }

  /* Keyboard: one tab stop, arrows walk */

  function rove(cell) {
    const all = shownRows().flatMap(cells);
    const kept = cell || all.find((each) => each.tabIndex === 0) || all[0];
    for (const each of gridBox.querySelectorAll('.lf-cell[tabindex="0"]')) each.tabIndex = -1;
    if (kept) kept.tabIndex = 0;
  }

  function walk(from, key, wide) {
    const lines = shownRows();
    const row = from.closest("tr");
    const line = cells(row);
    let y = lines.indexOf(row);
    let x = line.indexOf(from);
    const rtl = document.documentElement.dir === "rtl" ? -1 : 1;
    if (key === "ArrowDown") y += 1;
    else if (key === "ArrowUp") y -= 1;
    else if (key === "PageDown") y = Math.min(lines.length - 1, y + 10);
    else if (key === "PageUp") y = Math.max(0, y - 10);
    else if (key === "ArrowRight") x += rtl;
    else if (key === "ArrowLeft") x -= rtl;
    else if (key === "Home") { x = 0; if (wide) y = 0; }
    else if (key === "End") { x = line.length - 1; if (wide) y = lines.length - 1; }
    else return false;
    const target = lines[y] && cells(lines[y])[x];
    if (target) {
      rove(target);
      target.focus();
    }
    return true;
  }

  /* The side panel */

  function mark(key) {
    for (const each of gridBox.querySelectorAll(".is-selected")) each.classList.remove("is-selected");
    const cell = key && gridBox.querySelector(`[data-cell="${CSS.escape(key)}"]`);
    if (!cell) return null;
    cell.parentElement.classList.add("is-selected");
    cell.closest("tr").classList.add("is-selected");
    return cell;
  }

  function show(html) {
    panel()?.remove();
    holder.insertAdjacentHTML("beforeend", html);
    holder.classList.add("is-open");
    dirty = false;
    window.landfall?.watch(panel());
    return panel();
  }

  function mayLeave() {
    return !dirty || window.confirm(page.dataset.leaveText);
  }

  async function open(key, { push = true, focus = true } = {}) {
    if (!mayLeave()) return;
    const ticket = ++asked;
    const cell = mark(key);
    if (cell) rove(cell);
    const query = new URLSearchParams({ ...scope, cell: key });
    try {
      const answer = await fetch(`${page.dataset.cellAddress}?${query}`, {
        headers: { "X-Requested-With": "fetch" },
      });
      if (ticket !== asked) return;
      if (!answer.ok || answer.redirected) return void location.reload();
      const opened = show(await answer.text());
      keepAddress(push);
      if (focus) opened.focus({ preventScroll: true });
      cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    } catch {
      told.textContent = page.dataset.failedText;
    }
  }

  function close({ push = true } = {}) {
    const opened = panel();
    if (!opened || !mayLeave()) return;
    dirty = false;
    const cell = gridBox.querySelector(`[data-cell="${CSS.escape(opened.dataset.panel)}"]`);
    opened.remove();
    holder.classList.remove("is-open");
    mark("");
    keepAddress(push);
    cell?.focus();
  }

  async function refreshGrid() {
    const query = new URLSearchParams({ ...scope, part: "grid" });
    const answer = await fetch(`${location.pathname}?${query}`);
    if (!answer.ok || answer.redirected) return;
    const scroller = gridBox.querySelector(".lf-scroll");
    const { scrollTop, scrollLeft } = scroller;
    gridBox.innerHTML = await answer.text();
    Object.assign(gridBox.querySelector(".lf-scroll"), { scrollTop, scrollLeft });
    const revision = gridBox.querySelector("[data-revision]");
    document.getElementById("board-revision").innerHTML = revision.innerHTML;
    filter();
    const cell = panel() && mark(panel().dataset.panel);
    if (cell) rove(cell);
  }

  async function send(form) {
    const body = new FormData(form);
    const opened = panel();
    opened.classList.add("lf-busy");
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body,
        headers: { "X-Requested-With": "fetch" },
      });
      if (answer.redirected || ![200, 422].includes(answer.status)) throw new Error(answer.status);
      const { scrollTop } = opened;
      const shown = show(await answer.text());
      if (answer.status === 422) {
        dirty = true;
        shown.scrollTop = scrollTop;
        shown.querySelector(".lf-field-wrong :is(input, textarea, select), .lf-error")?.focus();
        return;
      }
      const words = shown.querySelector("[data-told]");
      told.textContent = words ? words.textContent : "";
      shown.focus({ preventScroll: true });
      await refreshGrid();
    } catch {
      opened.classList.remove("lf-busy");
      const words = document.createElement("div");
      words.className = "lf-error";
      words.setAttribute("role", "alert");
      words.textContent = page.dataset.failedText;
      form.prepend(words);
    }
  }

  /* Wiring */

  page.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    const cell = event.target.closest("[data-cell]");
    const chip = event.target.closest("[data-status]");
    if (cell) {
      event.preventDefault();
      open(cell.dataset.cell);
    } else if (chip) {
      const mark_ = chip.dataset.status;
      if (!statuses.delete(mark_)) statuses.add(mark_);
      filter();
      gridBox.querySelector(`[data-status="${mark_}"]`)?.focus();
    } else if (event.target.closest("[data-clear]")) {
      clear();
      search.focus();
    } else if (event.target.closest("[data-close]")) {
      event.preventDefault();
      close();
    }
  });

  page.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.("[data-cell]");
    if (event.key === "Escape") {
      if (panel()) close();
      else if (event.target === search && search.value) { search.value = ""; filter(); }
      return;
    }
    if (!cell || event.altKey || event.metaKey) return;
    if (event.key === " ") {
      event.preventDefault();
      open(cell.dataset.cell);
    } else if (walk(cell, event.key, event.ctrlKey)) {
      event.preventDefault();
    }
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && event.target === document.body && panel()) {
      close();
    }
  });

  page.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-panel-form]")) return;
    event.preventDefault();
    send(event.target);
  });
  page.addEventListener("input", (event) => {
    if (event.target.closest("[data-panel-form]")) dirty = true;
  });
  page.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.submit();
    if (event.target.name === "kill-feature") {
      const button = event.target.form.querySelector("[data-kill-button]");
      const one = button.dataset.one.replace("{feature}", event.target.value);
      button.textContent = event.target.value ? one : button.dataset.whole;
    }
  });
  document.addEventListener("landfall:published", refreshGrid);
  search.addEventListener("input", filter);
  market.addEventListener("change", filter);
  window.addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
  window.addEventListener("popstate", () => {
    const key = new URL(location.href).searchParams.get("cell");
    if (key) open(key, { push: false, focus: false });
    else close({ push: false });
  });

  for (const each of (new URL(location.href).searchParams.get("status") || "").split(",")) {
    if (each) statuses.add(each);
  }
  filter();
  const first = panel() && mark(panel().dataset.panel);
  if (first) {
    rove(first);
    first.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
})();
