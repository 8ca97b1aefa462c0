/*
 * What the whole report has of a script: theme, copying, tooltips, and what the scripts after it (`cases.js`,
 * `cost-form.js`) find elements with. Everything that any of them improves is readable without it.
 */

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

setUpTheme();
setUpCopying();
setUpTips();
