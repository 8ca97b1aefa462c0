import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at } from '../../reports/figures.ts';
import { plantAllOverloaded } from '../support/planted-records.ts';
import { plantReportRecord } from '../support/planted-report-record.ts';
import {
  launchBrowser,
  NO_BROWSER,
  type OpenPage,
  openReport,
  reportOf,
  type View,
} from '../support/report-page.ts';

const record = plantReportRecord();
const suite =
  NO_BROWSER === undefined ? 'the page in a browser' : `the page in a browser (skipped: ${NO_BROWSER})`;

// Each test has a page of its own and mostly waits for it: some of them wait at the same time.
describe.skipIf(NO_BROWSER !== undefined)(suite, { concurrent: true }, () => {
  let browser: Browser;
  let report = '';
  const opened: OpenPage[] = [];
  beforeAll(async () => {
    [browser, report] = await Promise.all([launchBrowser(), reportOf(record)]);
  });
  afterAll(async () => {
    for (const one of opened) await one.close();
    await browser?.close();
  });
  async function open(view: Partial<View> = {}, html = report): Promise<OpenPage> {
    const one = await openReport(browser, html, { width: 1280, scheme: 'light', ...view });
    opened.push(one);
    return one;
  }

  it.each<View>([
    { width: 1280, scheme: 'light' },
    { width: 1280, scheme: 'dark' },
    { width: 360, scheme: 'light' },
    { width: 360, scheme: 'dark' },
  ])('is quiet, asks for nothing and fits at $width px, $scheme', async (view) => {
    const { page, complaints } = await open(view);
    await useEverything(page);
    expect(complaints).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    const picture = await page.locator('.card .chart:visible').first().boundingBox();
    expect(picture?.height).toBeGreaterThan(100);
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).toBe(view.scheme === 'light' ? 'rgb(246, 246, 244)' : 'rgb(19, 21, 24)');
  });

  it('lets no other script run and nothing be fetched', async () => {
    const smuggled = report.replace(
      '</main>',
      '<script>document.title = "owned"</script><img src="http://127.0.0.1:9/x.png"></main>',
    );
    const { page, complaints } = await open({}, smuggled);
    expect(await page.title()).not.toBe('owned');
    expect(
      complaints.filter((line) => line.includes('Content Security Policy')).length,
    ).toBeGreaterThanOrEqual(2);
  });

  it('shows in its DOM exactly the figures of run.json', async () => {
    const { page } = await open();
    const figures = (await page.evaluate(
      '[...document.querySelectorAll("data[data-field]")].map((e) => [e.value, e.dataset.case ?? null, e.dataset.field])',
    )) as [string, string | null, string][];
    expect(figures.length).toBeGreaterThan(600);
    for (const [value, caseId, field] of figures) {
      const source = caseId === null ? record : record.cases.find(({ id }) => id === caseId);
      expect(Number(value), `${caseId} ${field}`).toBe(at(source ?? {}, field));
    }
  });

  it('recalculates the bill: the worked example, then without a spare, then as another machine', async () => {
    const { page, complaints } = await open();
    expect(await bill(page)).toEqual(['$0.000149', '$195.46', '3']);
    expect(await page.textContent('#bill-factor')).toContain('6.4 times the $0.0000231');
    expect(await page.textContent('#bill-causes')).toBe('idle ×4.3, headroom ×1.0, spare ×1.5');
    await page.fill('[name=spare]', '0');
    expect(await bill(page)).toEqual(['$0.0000992', '$130.31', '2']);
    await page.selectOption('[name=machine]', 'aws/g5.xlarge');
    await page.selectOption('[name=term]', 'spot');
    expect((await bill(page))[1]).toBe('$645.76');
    expect(await page.textContent('#what-if')).toContain(
      'What-if: measured on AMD EPYC 9B14, 2 cores, not on aws/g5.xlarge (NVIDIA A10G x 1)',
    );
    expect(await page.textContent('#bill-source')).toBe('Source: another price list');
    await page.selectOption('[name=machine]', 'aws/c7i.large');
    expect(await page.inputValue('[name=term]')).toBe('on-demand');
    expect((await bill(page))[1]).toBe('$130.31');
    await page.fill('[name=mean]', '');
    expect(await bill(page)).toEqual(['–', '–', '–']);
    expect(await page.textContent('#bill-factor')).toContain('above 0');
    expect(complaints).toEqual([]);
  });

  it('switches every picture when a row is chosen, by mouse and by keyboard', async () => {
    const { page } = await open();
    const shown = () =>
      page.evaluate(
        '[...document.querySelectorAll("[data-panel-case]:not([hidden])")].map((e) => e.dataset.panelCase)',
      );
    expect(new Set((await shown()) as string[])).toEqual(new Set(['batch=32,delay=0ms,load=75%']));
    await page.click('[data-row="batch=8,delay=2ms,load=40%"] td:nth-child(4)');
    expect(new Set((await shown()) as string[])).toEqual(new Set(['batch=8,delay=2ms,load=40%']));
    expect(await page.inputValue('#case-picker')).toBe('batch=8,delay=2ms,load=40%');
    await page.focus('[data-row="batch=1,delay=0ms,load=10%"] .row-pick');
    await page.keyboard.press('Enter');
    expect(new Set((await shown()) as string[])).toEqual(new Set(['batch=1,delay=0ms,load=10%']));
    expect(await page.isVisible('[data-panel-load="10%"]')).toBe(true);
    expect(await page.isVisible('[data-panel-load="75%"]')).toBe(false);
  });

  it('sorts by the exact figure, words last', async () => {
    const { page } = await open();
    await page.click('#case-table thead button:has-text("p99 ms")');
    const order = (await page.evaluate(
      '[...document.querySelectorAll("#case-table tbody tr")].map((row) => row.dataset.row)',
    )) as string[];
    expect(order.slice(0, 2).sort()).toEqual(['batch=32,delay=0ms,load=10%', 'batch=8,delay=0ms,load=10%']);
    expect(order.slice(-4).every((id) => /batch=[18],.*load=(40|75)%/.test(id))).toBe(true);
    expect(await page.getAttribute('#case-table thead th[aria-sort]', 'aria-sort')).toBe('ascending');
  });

  it('tells the reason of a missing figure on focus, and the figure of a mark on hover', async () => {
    const { page } = await open();
    await page.focus('[data-row="batch=1,delay=0ms,load=10%"] .absent');
    expect(await page.textContent('.tip')).toBe('p999 needs 4603 requests, this case has 572');
    await page.hover('.wide .chart [data-tip^="batch 32 · delay 0ms: p99 44 ms"]');
    expect(await page.textContent('.tip')).toContain('95 % interval 40–49');
  });

  it('goes dark and back by its button', async () => {
    const { page } = await open();
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.click('#theme');
    expect(await background()).toBe('rgb(19, 21, 24)');
    await page.click('#theme');
    expect(await background()).toBe('rgb(246, 246, 244)');
  });

  it.each(['light', 'dark'] as const)(
    'has AA contrast for text and accent on every ground, %s',
    async (scheme) => {
      const { page } = await open({ scheme });
      for (const text of ['ink', 'muted', 'accent']) {
        for (const ground of ['page', 'surface', 'sunken', 'wash']) {
          expect(await contrast(page, text, ground), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
        }
      }
    },
  );

  it('reads as a whole without scripts', async () => {
    const { page, complaints } = await open({ scripts: false });
    expect(complaints).toEqual([]);
    expect(await page.isVisible('text=per 1,000 predictions')).toBe(true);
    expect(await page.isVisible('#theme')).toBe(false);
    expect(await page.locator('[data-panel-case]:visible').count()).toBe(record.cases.length * 4);
    await page.click('summary:has-text("Triton")');
    expect(await page.isVisible('text=dynamic_batching')).toBe(true);
  });

  it('works without an answer', async () => {
    const { page, complaints } = await open({}, await reportOf(plantAllOverloaded()));
    expect(complaints).toEqual([]);
    expect(await page.textContent('h1')).toBe(plantAllOverloaded().answer.sentence);
    expect(await page.isVisible('text=there is no price')).toBe(true);
  });
});

function bill(page: Page): Promise<(string | null)[]> {
  return Promise.all(['per1000', 'perMonth', 'machines'].map((name) => page.textContent(`#bill-${name}`)));
}

/** Whatever could log an error or break the layout: each control once. */
async function useEverything(page: Page): Promise<void> {
  for (const summary of await page.locator('details.copy > summary').all()) await summary.click();
  await page.keyboard.press('Escape');
  await page.selectOption('#case-picker', { index: 1 });
  for (const head of await page.locator('#case-table thead button').all()) await head.click();
  await page.fill('[name=headroom]', '99');
  await page.fill('[name=headroom]', '100');
}

/** WCAG contrast of two of the stylesheet's colours as the browser resolves them. */
async function contrast(page: Page, text: string, ground: string): Promise<number> {
  const resolve = async (name: string): Promise<number> => {
    const colour = (await page.evaluate(
      `(() => { const e = document.createElement('i'); e.style.color = 'var(--${name})'; document.body.append(e); const c = getComputedStyle(e).color; e.remove(); return c; })()`,
    )) as string;
    const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [a, b] = [await resolve(text), await resolve(ground)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
