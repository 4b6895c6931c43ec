"use strict";
for (const box of document.querySelectorAll("input[type=search]")) {
  const rows = [...document.getElementById(box.dataset.table).tBodies[0].rows];
  const counter = document.getElementById(box.dataset.found);
  box.closest("p").hidden = false;
  box.addEventListener("input", () => {
    const query = box.value.trim().toLowerCase();
    let visible = 0;
    for (const row of rows) {
      row.hidden = !(row.querySelector("summary") ?? row.cells[0]).textContent.toLowerCase().includes(query);
      visible += !row.hidden;
    }
    counter.textContent = visible.toLocaleString("en") + " shown";
  });
}
