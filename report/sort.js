// Sort a table by a click on a column's head. Without this script the tables read just as well.
"use strict";
for (const table of document.querySelectorAll("main table")) {
  const body = table.tBodies[0];
  const heads = table.tHead.rows[table.tHead.rows.length - 1].cells;
  if (!body || body.rows.length < 2) continue;
  Array.from(heads).forEach((head, position) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(body, heads, head, position));
  });
}
function sort(body, heads, head, position) {
  const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  const key = (row) => row.cells[position].dataset.sort ?? row.cells[position].textContent;
  const missing = (row) => row.cells[position].classList.contains("missing");
  const rows = Array.from(body.rows).sort((a, b) => {
    if (missing(a) !== missing(b)) return missing(a) ? 1 : -1; // what was not measured stays at the end
    const [x, y] = [key(a), key(b)];
    const numbers = x !== "" && y !== "" && !isNaN(x) && !isNaN(y);
    return direction * (numbers ? x - y : x.localeCompare(y, undefined, { numeric: true }));
  });
  for (const other of heads) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
  body.append(...rows);
}
