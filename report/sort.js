// Sort a table by its columns' heads, by mouse or keyboard. Without this script the tables read just as well.
"use strict";
for (const table of document.querySelectorAll("main table")) {
  const body = table.tBodies[0];
  if (!body || !table.tHead || body.rows.length < 2 || body.rows[0].cells.length < 2) continue;
  const heads = table.tHead.rows[table.tHead.rows.length - 1].cells;
  Array.from(heads).forEach((head, position) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(body, heads, head, position));
  });
}
for (const hint of document.querySelectorAll(".sort-hint")) hint.hidden = false;

function sort(body, heads, head, position) {
  const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  const value = (row) => row.cells[position].dataset.sort ?? row.cells[position].textContent.trim();
  const missing = (row) => row.cells[position].matches(".missing, .diagonal") || value(row) === "";
  const rows = Array.from(body.rows).sort((a, b) => {
    if (missing(a) !== missing(b)) return missing(a) ? 1 : -1; // what was not measured stays at the end
    const [x, y] = [value(a), value(b)];
    const numbers = !isNaN(x) && !isNaN(y);
    return direction * (numbers ? x - y : x.localeCompare(y, undefined, { numeric: true }));
  });
  for (const other of heads) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
  body.append(...rows);
}
