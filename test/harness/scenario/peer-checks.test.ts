import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../harness/errors.ts';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';

const MINE = 'target: { url: "http://127.0.0.1:1", model: m }\n';

function fieldsRefused(text: string): (string | undefined)[] {
  try {
    scenarioFromText(MINE + text, 'x.yaml');
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.problems.map(({ field }) => field);
    throw error;
  }
}

describe('load.engine: autocannon', () => {
  it.each([
    ['load: { engine: autocannon, closed: { inFlight: 8 } }', []],
    ['load: { engine: autocannon, closed: { inFlight: 8 }, connections: 8, timeout: 1s }', []],
    ['load: { engine: autocannon, poisson: { rate: 5/s } }', ['load.poisson']],
    ['load: { engine: autocannon }', ['load.ladder']],
    ['load: { engine: autocannon, closed: { thinkTime: 1ms } }', ['load.closed.thinkTime']],
    ['load: { engine: autocannon, closed: { inFlight: 8 }, connections: 4 }', ['load.connections']],
    ['load: { engine: autocannon, closed: {}, timeout: 500ms }', ['load.timeout']],
    ['load: { engine: autocannon, closed: {}, transport: node-http }', ['load.transport']],
    ['load: { engine: autocannon, closed: {} }\nlimits: { abort: ["p99 > 1s for 1s"] }', ['limits.abort']],
    ['load: { engine: autocannon, closed: {} }\nlimits: { abort: ["errors > 1% for 1s"] }', []],
    ['load: { engine: autocannon, closed: {} }\nmeasure: { rawLog: true }', ['measure.rawLog']],
    ['load: { engine: autocannon, closed: {} }\nworkload: { mix: { m: 40%, n: 60% } }', ['workload.mix']],
    // All at once.
    [
      'load: { engine: autocannon, constant: { rate: 5/s }, closed: { inFlight: 2 }, connections: 1, timeout: 5ms }',
      ['load.constant', 'load.connections', 'load.timeout'],
    ],
    ['load: { transport: node-http, closed: {} }', []],
    ['load: { transport: grpc-js, closed: {} }', ['load.transport']],
    ['load: { transport: [node-http], closed: {} }', ['load.transport']],
    ['load: { engine: autocanon, closed: {} }', ['load.engine']],
  ])('%s', (load, refused) => expect(fieldsRefused(`${load}\n`)).toEqual(refused));

  it('is part of the experiment', () => {
    const hashOf = (engine: string) =>
      scenarioFromText(`${MINE}load: { engine: ${engine}, closed: {} }\n`, 'x.yaml').hash;
    expect(hashOf('autocannon')).not.toBe(hashOf('inferometer'));
  });
});
