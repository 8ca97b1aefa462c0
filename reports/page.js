/*
 * The report's script: theme, copying, tooltips, sorting, choosing a case, the cost panel. Everything that it
 * improves is readable without it. Runs after the functions of `panel/bill.ts`, which the page carries before it.
 */
/* global fleetBill, formatBill, trafficProblem, billLines, priceWords */

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
  const { machine, term } = form.elements;
  form.addEventListener('input', (event) => {
    if (event.target === machine) offerTerms(facts.prices, machine.value, term);
    const price = facts.prices.find((one) => one.name === machine.value && one.term === term.value);
    showBill(trafficOf(form, price, facts));
    byId('what-if').textContent = priceWords(price, facts);
    byId('bill-source').textContent = `Source: ${price.source}`;
  });
  form.addEventListener('submit', (event) => event.preventDefault());
}

/** The terms of one machine; the one that was chosen stays, where there is a price for it. */
function offerTerms(prices, machine, select) {
  const before = select.value;
  const terms = prices.filter(({ name }) => name === machine).map(({ term }) => term);
  select.replaceChildren(...terms.map((term) => new Option(term, term)));
  if (terms.includes(before)) select.value = before;
}

function trafficOf({ elements }, { usdPerHour }, { capacityPerS, rowsPerRequest }) {
  return {
    usdPerHour,
    capacityPerS,
    rowsPerRequest,
    meanPerS: elements.mean.valueAsNumber,
    peakToMean: elements.peak.valueAsNumber,
    headroom: elements.headroom.valueAsNumber / 100,
    spare: elements.spare.valueAsNumber,
  };
}

function showBill(traffic) {
  const problem = trafficProblem(traffic);
  const lines = problem
    ? { per1000: '–', perMonth: '–', machines: '–', factor: problem, causes: '' }
    : billLines(fleetBill(traffic), formatBill);
  for (const [name, text] of Object.entries(lines)) byId(`bill-${name}`).textContent = text;
}

setUpTheme();
setUpCopying();
setUpTips();
setUpSorting();
setUpCases();
setUpCost();
