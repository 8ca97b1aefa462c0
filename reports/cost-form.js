/* The cost panel. Runs after `page.js` and the functions of `panel/bill.ts`, which the page carries before it. */
/* global byId, fleetBill, formatBill, trafficProblem, billLines, priceWords */

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

setUpCost();
