/*
 * The report's script: theme, copying, tooltips, sorting, choosing a case, the cost panel. Everything that it
 * improves is readable without it. Runs after the functions of `panel/bill.ts`, which the page carries before it.
 */
/* global fleetBill, trafficProblem, billLines, priceWords */

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

document.documentElement.classList.add('script');
for (const element of all('[data-needs-script]')) element.hidden = false;

function setUpTheme() {
  const root = document.documentElement;
  const key = 'inferometer-theme';
  try {
    const kept = localStorage.getItem(key);
    if (kept === 'light' || kept === 'dark') root.dataset.theme = kept;
  } catch {
    // A file opened from disk may have no storage; the choice then lasts as long as the page.
  }
  byId('theme').addEventListener('click', () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    try {
      localStorage.setItem(key, root.dataset.theme);
    } catch {
      // As above.
    }
  });
  byId('print').addEventListener('click', () => print());
  addEventListener('beforeprint', () => {
    for (const details of all('details.more')) details.open = true;
  });
}

function setUpCopying() {
  const status = document.querySelector('.copied');
  for (const details of all('details.copy')) {
    details.addEventListener('toggle', async () => {
      if (!details.open) return;
      const copied = await copyText(details.querySelector('pre'));
      status.textContent = copied ? 'Copied' : 'Selected: press Ctrl+C';
    });
  }
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') closeCopies();
  });
  document.addEventListener('click', (event) => {
    if (!event.target.closest('.copy')) closeCopies();
  });
  function closeCopies() {
    for (const details of all('details.copy[open]')) details.open = false;
    status.textContent = '';
  }
}

async function copyText(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return false;
  }
}

function setUpTips() {
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.setAttribute('role', 'tooltip');
  tip.hidden = true;
  document.body.append(tip);
  function show(element) {
    tip.textContent = element.getAttribute('data-tip');
    tip.hidden = false;
    const box = element.getBoundingClientRect();
    const left = Math.min(
      Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2),
      innerWidth - tip.offsetWidth - 8,
    );
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above < 8 ? box.bottom + 8 : above}px`;
  }
  function follow(event) {
    const element = event.target instanceof Element ? event.target.closest('[data-tip]') : null;
    if (element) show(element);
    else tip.hidden = true;
  }
  document.addEventListener('pointerover', follow);
  document.addEventListener('focusin', follow);
  document.addEventListener('focusout', () => {
    tip.hidden = true;
  });
  document.addEventListener(
    'scroll',
    () => {
      tip.hidden = true;
    },
    true,
  );
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') tip.hidden = true;
  });
}

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

function setUpCost() {
  const data = byId('cost-data');
  const form = byId('cost-form');
  if (!data || !form) return;
  const facts = JSON.parse(data.textContent);
  const field = (name) => form.elements.namedItem(name);
  const show = (id, text) => {
    byId(id).textContent = text;
  };
  function offerTerms() {
    const before = field('term').value;
    const terms = facts.prices.filter(({ name }) => name === field('machine').value).map(({ term }) => term);
    field('term').replaceChildren(...terms.map((term) => new Option(term, term)));
    if (terms.includes(before)) field('term').value = before;
  }
  function recalculate() {
    const price = facts.prices.find(
      ({ name, term }) => name === field('machine').value && term === field('term').value,
    );
    const traffic = {
      usdPerHour: price.usdPerHour,
      capacityPerS: facts.capacityPerS,
      rowsPerRequest: facts.rowsPerRequest,
      meanPerS: field('mean').valueAsNumber,
      peakToMean: field('peak').valueAsNumber,
      headroom: field('headroom').valueAsNumber / 100,
      spare: field('spare').valueAsNumber,
    };
    const problem = trafficProblem(traffic);
    const lines = problem
      ? { per1000: '–', perMonth: '–', machines: '–', factor: problem, causes: '' }
      : billLines(fleetBill(traffic));
    for (const [name, text] of Object.entries(lines)) show(`bill-${name}`, text);
    show('what-if', priceWords(price, facts));
    show('bill-source', `Source: ${price.source}`);
  }
  field('machine').addEventListener('change', offerTerms);
  form.addEventListener('input', recalculate);
  form.addEventListener('change', recalculate);
  form.addEventListener('submit', (event) => event.preventDefault());
}

setUpTheme();
setUpCopying();
setUpTips();
setUpSorting();
setUpCases();
setUpCost();
