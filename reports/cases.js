/* The table of all cases: sorting it, and choosing the case whose pictures are shown. Runs after `page.js`. */
/* global all, byId */

/** What a cell sorts by: its exact figure where it has one, otherwise a leading number, otherwise its text. */
function sortKey(cell) {
  const data = cell.querySelector('data');
  if (data) return Number(data.value);
  const text = cell.textContent.trim();
  const number = Number.parseFloat(text);
  if (!Number.isNaN(number)) return number;
  return text.startsWith('over') ? Number.POSITIVE_INFINITY : text;
}

function compareKeys(a, b) {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === 'number' ? -1 : 1;
}

function setUpSorting() {
  for (const table of all('table.sortable')) {
    for (const [column, head] of all('thead th', table).entries()) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'sort';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const descending = head.getAttribute('aria-sort') === 'ascending';
        for (const other of all('thead th', table)) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
        const rows = all('tbody tr', table).map((row) => ({ row, key: sortKey(row.cells[column]) }));
        rows.sort((a, b) => (descending ? -1 : 1) * compareKeys(a.key, b.key));
        table.tBodies[0].append(...rows.map(({ row }) => row));
      });
    }
  }
}

function setUpCases() {
  const table = byId('case-table');
  const picker = byId('case-picker');
  if (!table || !picker) return;
  const rows = all('tbody tr', table);
  function pick(id) {
    const row = rows.find((candidate) => candidate.dataset.row === id);
    if (!row) return;
    for (const other of rows) other.setAttribute('aria-selected', String(other === row));
    for (const panel of all('[data-panel-case]')) panel.hidden = panel.dataset.panelCase !== id;
    for (const panel of all('[data-panel-load]')) panel.hidden = panel.dataset.panelLoad !== row.dataset.load;
    for (const name of all('[data-shows-case]')) name.textContent = row.dataset.label;
    picker.value = id;
  }
  for (const row of rows) {
    const head = row.querySelector('th');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'row-pick';
    button.setAttribute('aria-label', `Show the pictures of ${row.dataset.label}`);
    button.append(...head.childNodes);
    head.append(button);
    row.addEventListener('click', () => pick(row.dataset.row));
  }
  picker.addEventListener('change', () => pick(picker.value));
  pick(picker.value);
}

setUpSorting();
setUpCases();
