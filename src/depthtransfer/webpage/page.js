"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = heading.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.sort;
      const compare = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        const numbers = [x, y].map((text) => Number(text.replace("inf", "Infinity")));
        const order = numbers.some(Number.isNaN) ? x.localeCompare(y) : numbers[0] - numbers[1] || 0;
        return descending ? -order : order;
      };
      body.append(...[...body.rows].sort(compare));
    });
  });
}
const enlarged = document.getElementById("enlarged");
for (const button of document.querySelectorAll("button.zoom")) {
  button.addEventListener("click", () => {
    const image = button.querySelector("img");
    enlarged.querySelector("img").src = image.src;
    enlarged.querySelector("img").alt = image.alt;
    enlarged.showModal();
  });
}
enlarged.addEventListener("click", () => enlarged.close());
