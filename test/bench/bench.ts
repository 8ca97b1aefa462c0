import { parseArgs } from 'node:util';
import { UsageError } from '../../harness/errors.ts';
import { availableCpus } from '../../harness/run/machine/available-cpus.ts';
import { type RowResult, tableOf } from './bench-result.ts';
import { type BenchOptions, fight } from './duel-rows.ts';
import { allDuels } from './duels.ts';
import { memoryRows } from './memory-row.ts';
import { openLoopRows } from './open-loop-row.ts';
import { recorderRows } from './recorder-row.ts';

/**
 * `npm run bench:engine [-- --rounds 5 --seconds 2 --row 1,4 --quick --json]`: what a request costs us and what it costs
 * others, in microseconds of CPU, side by side. Only ratios mean anything on a machine that is shared.
 */
const ROWS = [1, 2, 3, 4, 5, 6, 10, 11] as const;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    row: { type: 'string', default: ROWS.join(',') },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const options = optionsFrom();
const wanted = values.row.split(',').map(Number);
const results: RowResult[] = [];
for (const duel of allDuels()) results.push(...(await fight(duel, wanted, options)));
if (wanted.includes(6)) results.push(...(await openLoopRows(options)));
if (wanted.includes(10)) results.push(...recorderRows(options));
if (wanted.includes(11)) results.push(...(await memoryRows(options, values.quick ? 1e6 : 1e7)));

if (values.json) {
  const { rounds, seconds, cores } = options;
  console.log(JSON.stringify({ node: process.version, rounds, seconds, cores, rows: results }));
} else console.log(tableOf(results));

function optionsFrom(): BenchOptions {
  const [server, client] = availableCpus();
  if (server === undefined || client === undefined) {
    throw new UsageError('the benches need two cores: one for the server, one for the client');
  }
  // Standard output holds the one JSON object.
  const tell = (line: string): void => console.error(line);
  const rounds = values.quick ? 1 : Number(values.rounds);
  return { rounds, seconds: Number(values.seconds), cores: { server, client }, tell };
}
