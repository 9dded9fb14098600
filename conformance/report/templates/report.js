"use strict";
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const search = document.getElementById("search");
  const chips = all(".chips button");
  const items = all("[data-search]");
  let state = "";

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      const hit = (!state || item.dataset.state === state) && words.every((w) => item.dataset.search.includes(w));
      item.hidden = !hit;
      shown += hit;
    }
    document.getElementById("none").hidden = shown > 0;
  }

  document.querySelector(".filter").hidden = false;
  search.addEventListener("input", filter);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      state = chip.dataset.state;
      for (const other of chips) other.setAttribute("aria-pressed", String(other === chip));
      filter();
    });
  }

  function speak() {
    const language = document.querySelector("input[name=language]:checked").value;
    document.documentElement.lang = language;
    search.placeholder = language === "en" ? search.dataset.en : search.dataset.zh;
  }
  for (const radio of all("input[name=language]")) radio.addEventListener("change", speak);
  speak();

  function reveal() {
    const target = document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
  }
  addEventListener("hashchange", reveal);
  reveal();

  if (navigator.clipboard) {
    for (const button of all("button.copy")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
        button.classList.add("done");
        setTimeout(() => button.classList.remove("done"), 1500);
      });
    }
  }

  // On paper nothing can be unfolded, except long bodies, which stay folded.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details.rule:not([open])");
    for (const rule of folded) rule.open = true;
  });
  addEventListener("afterprint", () => {
    for (const rule of folded) rule.open = false;
  });
})();
