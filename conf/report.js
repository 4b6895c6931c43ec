"use strict";
for (const box of document.querySelectorAll("input[type=search]")) {
  const rows = [...document.getElementById(box.dataset.table).tBodies[0].rows];
  const found = document.getElementById(box.dataset.found);
  box.closest("p").hidden = false;
  box.addEventListener("input", () => {
    const sought = box.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !row.cells[0].textContent.toLowerCase().includes(sought);
      shown += !row.hidden;
    }
    found.textContent = shown.toLocaleString("en") + " shown";
  });
}
