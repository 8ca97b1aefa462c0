import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isMissing } from '../../harness/record/figures.ts';
import { buildNvmlStandIn, noCompiler } from '../support/nvml-stand-in.ts';
import { type Workplace, workplace } from './cli-process.ts';

const SETTINGS = [
  '--set',
  'load={poisson: {rate: 20/s}}',
  '--set',
  'warmup=100ms',
  '--set',
  'duration=1500ms',
];

async function runWith(place: Workplace, env: Readonly<Record<string, string>>) {
  const file = place.write('one.yaml', 'name: one\ntarget: { reference: { model: recommender } }\n');
  const words = ['run', file, ...SETTINGS];
  const { code, stderr } = await place.start(words, env).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const record = place.latest();
  const html = readFileSync(place.path('results', 'latest', 'report.html'), 'utf8');
  return { record, html, gpu: record.cases[0]?.utilization.gpu };
}

test.skipIf(noCompiler !== undefined)(
  'a scripted GPU is in the record and in the report',
  { concurrent: true, timeout: 120_000 },
  async ({ onTestFinished }) => {
    const place = workplace();
    onTestFinished(() => place.close());
    const { file } = buildNvmlStandIn(place.folder);
    const { record, html, gpu } = await runWith(place, { INFEROMETER_NVML: file });
    expect(gpu).toEqual([
      {
        index: 0,
        name: 'NVIDIA Stand-in',
        utilizationPct: 42,
        memoryUsedMiB: 2048,
        memoryTotalMiB: 8192,
        powerW: expect.closeTo(123.4, 6),
        smClockMHz: 1410,
        throttleReasons: [expect.any(String)],
      },
    ]);
    expect(record.cases[0]?.readings.gpu?.['0.utilizationPct']?.values).toContain(42);
    expect(record.environment).toMatchObject({ gpuDriver: '570.86.15', gpus: [{ name: 'NVIDIA Stand-in' }] });
    // The report's own text, not the record that it carries along for its script.
    const shown = html.replaceAll(/<script[\s\S]*?<\/script>/g, '');
    expect(shown).toContain('NVIDIA Stand-in');
    expect(shown).toMatch(/\b42 %/);
    expect(shown).toMatch(/\b123 W/);
    expect(record.notices.map(({ id }) => id)).not.toContain('no-gpu');
  },
);

test.concurrent('without one there is the reason', async ({ onTestFinished }) => {
  const place = workplace();
  onTestFinished(() => place.close());
  const { record, html, gpu } = await runWith(place, { INFEROMETER_NVML: place.path('no-such-library.so') });
  expect(isMissing(gpu)).toBe(true);
  expect(record.notices.map(({ id }) => id)).toContain('no-gpu');
  expect(html).toContain('GPU panels are left out');
}, 120_000);
