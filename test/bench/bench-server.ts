import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../../harness/errors.ts';
import { availableCpus } from '../../harness/run/machine/available-cpus.ts';
import { zooNames } from '../../reference-server/models/zoo/zoo.ts';
import { type RowResult, tableOf } from './bench-result.ts';
import type { ServingOptions } from './serving-rounds.ts';
import { batchingRow, fullQueueRow, tinyRows } from './serving-rows.ts';

/**
 * `npm run bench:server [-- --rounds 5 --seconds 2 --row 7,8,9 --model text-sentiment --provider cpu,webgpu --quick --json]`:
 * how much of the runtime's own speed is left behind the server. Both run in the same round, on the same core.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    row: { type: 'string', default: '7,8,9' },
    model: { type: 'string', default: zooNames().join(',') },
    provider: { type: 'string', default: 'cpu,webgpu' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const CHROMIUM = '/usr/lib/chromium';
const SWIFTSHADER = join(CHROMIUM, 'vk_swiftshader_icd.json');

const options = optionsFrom();
const wanted = values.row.split(',').map(Number);
const results: RowResult[] = [];
if (wanted.includes(7)) {
  for (const provider of values.provider.split(',')) results.push(...(await fullQueueRows(provider)));
}
if (wanted.includes(8)) results.push(await batchingRow(process.env, options));
if (wanted.includes(9)) results.push(...(await tinyRows(process.env, options)));

if (values.json) {
  const { rounds, seconds, cores } = options;
  console.log(JSON.stringify({ node: process.version, rounds, seconds, cores, rows: results }));
} else console.log(tableOf(results));

async function fullQueueRows(provider: string): Promise<RowResult[]> {
  if (provider !== 'cpu' && provider !== 'webgpu') {
    throw new UsageError(`--provider ${provider}: give cpu, webgpu, or both with a comma`);
  }
  const runtimeFolder = mkdtempSync(join(tmpdir(), 'inferometer-bench-'));
  // The variables of the machine's own driver, where it has one, win.
  const software = {
    LD_LIBRARY_PATH: CHROMIUM,
    VK_DRIVER_FILES: SWIFTSHADER,
    XDG_RUNTIME_DIR: runtimeFolder,
  };
  const env = { ...(provider === 'webgpu' && existsSync(SWIFTSHADER) ? software : {}), ...process.env };
  const rows: RowResult[] = [];
  for (const model of values.model.split(',')) {
    rows.push(
      await fullQueueRow(model, provider, env, options).catch((error: Error) => lacking(model, error)),
    );
  }
  rmSync(runtimeFolder, { recursive: true });
  return rows;

  function lacking(model: string, { message }: Error): RowResult {
    const row = { row: 7, what: `${model} on ${provider}, queue kept full`, against: 'session.run' };
    return {
      ...row,
      unit: 'times',
      reach: { atLeast: 0.9 },
      found: undefined,
      reached: undefined,
      note: message,
    };
  }
}

function optionsFrom(): ServingOptions {
  const [server, client] = availableCpus();
  if (server === undefined || client === undefined) {
    throw new UsageError('the bench needs two cores: one for the server, one for the client');
  }
  // Standard output holds the one JSON object.
  const tell = (line: string): void => console.error(line);
  const rounds = values.quick ? 1 : Number(values.rounds);
  return { rounds, seconds: Number(values.seconds), cores: { server, client }, tell };
}
