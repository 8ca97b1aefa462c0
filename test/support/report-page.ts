import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { packageFile } from '../../harness/package-files.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import type { PriceOption } from '../../reports/panel/bill.ts';
import { PAGE_SCRIPTS, renderReport } from '../../reports/report.ts';

export const CHROMIUM = '/usr/bin/chromium';

/** Why the tests that look at the page in a browser are skipped, or undefined. */
export const NO_BROWSER = existsSync(CHROMIUM) ? undefined : `no browser at ${CHROMIUM}`;

export const PRICES: readonly PriceOption[] = [
  {
    name: 'aws/c7i.large',
    term: 'on-demand',
    usdPerHour: 0.08925,
    source: 'a public price list',
    asOf: '2026-07-20',
    vcpus: 2,
    memoryGib: 4,
  },
  {
    name: 'aws/g5.xlarge',
    term: 'on-demand',
    usdPerHour: 1.006,
    source: 'a public price list',
    asOf: '2026-07-20',
    vcpus: 4,
    memoryGib: 16,
    accelerator: 'NVIDIA A10G x 1',
  },
  {
    name: 'aws/g5.xlarge',
    term: 'spot',
    usdPerHour: 0.4423,
    source: 'another price list',
    asOf: '2026-07-20',
    vcpus: 4,
    memoryGib: 16,
    accelerator: 'NVIDIA A10G x 1',
  },
];

/** The report of a record, as the command writes it. */
export function reportOf(record: RunRecord): Promise<string> {
  return renderReport(record, {
    css: readFileSync(packageFile('reports', 'style.css'), 'utf8'),
    script: PAGE_SCRIPTS.map((name) => readFileSync(packageFile('reports', name), 'utf8')).join('\n'),
    prices: PRICES,
  });
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface View {
  readonly width: number;
  readonly scheme: 'light' | 'dark';
  readonly scripts?: boolean;
}

export interface OpenPage {
  readonly page: Page;
  /** Console errors, page errors and requests beyond the file itself: all of them must stay empty. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** Opens a report from disk, as a user does, and listens for everything that it must not do. */
export async function openReport(browser: Browser, html: string, view: View): Promise<OpenPage> {
  const folder = await mkdtemp(join(tmpdir(), 'inferometer-report-'));
  const file = join(folder, 'report.html');
  await writeFile(file, html);
  const context = await browser.newContext({
    viewport: { width: view.width, height: 800 },
    colorScheme: view.scheme,
    javaScriptEnabled: view.scripts ?? true,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (url !== pathToFileURL(file).href && !url.startsWith('data:')) complaints.push(`request: ${url}`);
  });
  await page.goto(pathToFileURL(file).href);
  return {
    page,
    complaints,
    async close() {
      await context.close();
      await rm(folder, { recursive: true });
    },
  };
}
