"use strict";
// Sorting by a click on a heading, and a filter by number of classes; the page is whole without.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const first = head.dataset.first || "descending";
      const second = first === "descending" ? "ascending" : "descending";
      const next = { [first]: second, [second]: "none" }[head.ariaSort || "none"] || first;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      if (next !== "none") head.setAttribute("aria-sort", next);
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const sign = next === "descending" ? -1 : 1;
      const order = (a, b) => {
        const [left, right] = [key(a), key(b)];
        if (left === "" || right === "") return (left === "") - (right === "");
        const [x, y] = [Number(left), Number(right)];
        if (Number.isNaN(x) || Number.isNaN(y)) return sign * left.localeCompare(right);
        return sign * (x - y);
      };
      body.append(...(next === "none" ? original : [...body.rows].sort(order)));
    });
  });
}

const controls = document.getElementById("controls");
controls.hidden = false;
controls.addEventListener("change", (event) => {
  const wanted = event.target.value;
  let shown = 0;
  for (const part of document.querySelectorAll("[data-classes]")) {
    part.hidden = wanted !== "all" && part.dataset.classes !== wanted;
    if (!part.hidden && part.matches("#figures tbody tr")) shown += 1;
  }
  for (const section of document.querySelectorAll(".fewer")) {
    section.hidden = [...section.querySelectorAll("[data-classes]")].every((part) => part.hidden);
  }
  document.getElementById("shown").textContent = shown + " shown";
});
