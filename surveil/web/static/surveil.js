// Times in the viewer's zone, the choice of light or dark, and charts. All data comes as HTML.
"use strict";
(() => {
  const root = document.documentElement;
  const kept = localStorage.getItem("theme");
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;

  const isDark = () =>
    root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const words = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const localise = (within) => {
    for (const one of within.querySelectorAll("time[datetime]")) {
      one.textContent = words.format(new Date(one.dateTime));
      one.title = one.dateTime;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    localise(document);
    const named = document.getElementById("zone");
    if (named) named.textContent = `your zone, ${zone}`;
    document.getElementById("theme")?.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      localStorage.setItem("theme", root.dataset.theme);
      document.dispatchEvent(new Event("theme"));
    });
  });
  document.addEventListener("htmx:afterSwap", (event) => localise(event.target));
})();
