import { z } from 'zod';
import {
  arrivals,
  choice,
  duration,
  isNone,
  leaf,
  percentage,
  rate,
  rateOrShare,
  text,
  variation,
  whole,
  wholeOrAuto,
  yesNo,
} from './leaves.ts';
import { ENGINES, MLPERF_SCENARIOS, TRANSPORTS } from './load-spec.ts';
import { show } from './quantities.ts';
import { rateWords, type WrittenRate } from './rate-law.ts';

/** The scenario's `load`: how much is sent, and when. A default is written as a user would write it. */
const atRate = z.strictObject({ rate: rate('Requests per second') });

const NEVER_SENDS = {
  code: 'custom' as const,
  message: 'found rates of 0/s only; nothing would ever be sent',
  params: { advice: 'give one of them a rate, as in 50/s' },
};

const ladder = z
  .strictObject({
    arrivals: arrivals('Even gaps, or random ones as from many independent users').prefault('poisson'),
    of: choice('What the steps are shares of: the best rate that any setting reached in the closed pass', [
      'best-capacity',
    ]).prefault('best-capacity'),
    steps: z
      .array(percentage('A share of that rate'))
      .min(1)
      .prefault(['10%', '40%', '75%'])
      .describe('The rates, the same absolute ones for every setting'),
  })
  .describe('Several rates, as shares of what the best setting can do');

const gamma = z
  .strictObject({
    rate: rate('Mean requests per second'),
    cv: variation('Deviation of the gaps over their mean; 1 is poisson, above 1 comes in bursts'),
  })
  .describe('One mean rate with gaps that are more, or less, regular than random ones');

const ramp = z
  .strictObject({
    from: rateOrShare('Rate at the start', { orNone: true }).prefault('0/s'),
    to: rateOrShare('Rate at the end', { orNone: true }),
    over: duration('How long it takes, and is measured', { positive: true }),
  })
  .superRefine(({ from, to }, context) => {
    if (isNone(from) && isNone(to)) context.addIssue(NEVER_SENDS);
  })
  .describe('A rate that rises or falls in a straight line');

const STAGES = ['hold', 'jump', 'ramp'] as const;

const stage = z
  .strictObject({
    hold: rateOrShare('One rate for the time', { orNone: true }).optional(),
    jump: rateOrShare('The same, said where the rate changes at once', { orNone: true }).optional(),
    ramp: rateOrShare('A straight line to this rate from that of the stage before, or from nothing', {
      orNone: true,
    }).optional(),
    for: duration('How long', { positive: true }),
  })
  .superRefine((found, context) => {
    const said = STAGES.filter((kind) => found[kind] !== undefined);
    if (said.length === 1) return;
    context.addIssue({
      code: 'custom',
      message: `found ${said.length === 0 ? 'no rate' : said.join(' and ')}; a stage is one of hold, jump, ramp`,
      params: { advice: 'as in { hold: 50/s, for: 20s }' },
    });
  });

function amountOf(rate: WrittenRate): number {
  return typeof rate === 'number' ? rate : rate.share;
}

const sine = z
  .strictObject({
    mean: rateOrShare('Rate around which it swings'),
    amplitude: rateOrShare('How far it swings; not above the mean', { orNone: true }),
    period: duration('From one crest to the next', { positive: true }),
  })
  .superRefine(({ mean, amplitude }, context) => {
    const refuse = (message: string, advice: string): void =>
      context.addIssue({ code: 'custom', path: ['amplitude'], message, params: { advice } });
    const [around, by] = [rateWords(mean), rateWords(amplitude)];
    if (typeof mean !== typeof amplitude && !isNone(amplitude)) {
      refuse(
        `found ${by} around ${around}; the two cannot be compared`,
        'give both as rates, or both as shares',
      );
    } else if (amountOf(amplitude) > amountOf(mean)) {
      refuse(`found ${by} around ${around}; the rate would fall below nothing`, `at most ${around}`);
    }
  })
  .describe('A rate that swings, as over a day');

const burst = z
  .strictObject({
    base: rateOrShare('Rate between the bursts', { orNone: true }).prefault('0/s'),
    peak: rateOrShare('Rate within them'),
    every: duration('From one burst to the next', { positive: true }),
    for: duration('How long each lasts: the last part of every', { positive: true }),
  })
  .superRefine(({ every, for: length }, context) => {
    if (length < every) return;
    const message = `found bursts of ${length} ms every ${every} ms; a burst is shorter than that`;
    context.addIssue({ code: 'custom', path: ['for'], message, params: { advice: 'or write constant' } });
  })
  .describe('A base rate with regular bursts');

const replay = z
  .strictObject({
    file: text(
      'A .csv or .jsonl file: atMs or atS, the offset of each arrival, and where known its payload',
      undefined,
      {
        examples: ['traces/monday.csv'],
      },
    ),
    timeScale: leaf<number>(
      'Offsets are multiplied by it: 0.5 replays twice as fast',
      { type: 'number', exclusiveMinimum: 0 },
      (found) =>
        typeof found === 'number' && found > 0 && Number.isFinite(found)
          ? { value: found }
          : { problem: `found ${show(found)}; it is a number above 0`, advice: '0.5 replays twice as fast' },
    ).prefault(1),
    every: whole(
      'Sends each so-many-th arrival only, from the first on: 2 leaves out half of them',
      1,
      1_000_000,
    ).prefault(1),
  })
  .describe('Arrivals as they were recorded');

const mlperf = z
  .strictObject({
    scenario: choice(
      'single-stream: one query after the other. multi-stream: the same with several rows a query. server: random arrivals at a rate, held against decide.slo. offline: all samples at once',
      MLPERF_SCENARIOS,
    ),
    percentile: percentage(
      'Of the streams: the percentile that is the result; left out: 90% single, 99% multi',
    ).optional(),
    samplesPerQuery: whole('Of multi-stream: rows in each query; left out: 8', 1, 65_536).optional(),
    rate: rate('Of server: mean queries per second').optional(),
    samples: whole('Of offline: how many; left out: 24576', 1, 65_536).optional(),
  })
  .superRefine((found, context) => {
    const own: readonly string[] = MLPERF_FIELDS[found.scenario];
    for (const field of new Set(Object.values(MLPERF_FIELDS).flat())) {
      if (found[field] === undefined || own.includes(field)) continue;
      const message = `found ${field}, which ${found.scenario} does not have`;
      const advice = own.length === 0 ? 'leave it out' : `it has ${own.join(', ')}`;
      context.addIssue({ code: 'custom', path: [field], message, params: { advice } });
    }
    if (found.scenario !== 'server' || found.rate !== undefined) return;
    const params = { advice: 'as in { scenario: server, rate: 200/s }' };
    context.addIssue({ code: 'custom', message: 'found no rate; server needs one', params });
  })
  .describe("One of MLPerf LoadGen's four scenarios, reported in its words; nothing official");

const MLPERF_FIELDS = {
  'single-stream': ['percentile'],
  'multi-stream': ['percentile', 'samplesPerQuery'],
  server: ['rate'],
  offline: ['samples'],
} as const satisfies Record<string, readonly string[]>;

export const load = z
  .strictObject({
    ladder: ladder.optional(),
    find: choice('capacity: search for the highest rate that holds decide.slo, with short probes', [
      'capacity',
    ]).optional(),
    precision: percentage("Of find: how wide the capacity's 95 % interval may be, as a share of it").prefault(
      '5%',
    ),
    atMost: duration('Of find: how long the probes of each setting may take, the last long run not counted', {
      positive: true,
    }).prefault('60s'),
    start: rate(
      'Of find: the first rate; doubled until the promise breaks, or halved until it holds',
    ).prefault('20/s'),
    constant: atRate.optional().describe('One rate with even gaps'),
    poisson: atRate.optional().describe('One mean rate with random gaps'),
    gamma: gamma.optional(),
    ramp: ramp.optional(),
    stages: z
      .array(stage)
      .min(1)
      .superRefine((found, context) => {
        if (found.every(({ hold, jump, ramp: to }) => isNone(hold ?? jump ?? to)))
          context.addIssue(NEVER_SENDS);
      })
      .optional()
      .describe('Rates one after the other, each for its time'),
    sine: sine.optional(),
    burst: burst.optional(),
    replay: replay.optional(),
    mlperf: mlperf.optional(),
    arrivals: arrivals(
      'How requests scatter around the rate of find, ramp, stages, sine and burst; left out: poisson',
    ).optional(),
    closed: z
      .strictObject({
        inFlight: whole('Requests kept in flight', 1, 65_536).prefault(64),
        thinkTime: duration('Pause between an answer and the next request').prefault('0ms'),
      })
      .optional()
      .describe('A fixed number of requests in flight; reported as saturation, never as capacity'),
    engine: choice(
      'What drives the load; autocannon is a peer for comparison: closed HTTP loads, service times only',
      ENGINES,
    ).prefault('inferometer'),
    transport: choice(
      "What carries the requests: ours over the system's calls (native), over Node's sockets, whichever is the faster (auto); or a peer for comparison",
      TRANSPORTS,
    ).prefault('auto'),
    generators: wholeOrAuto(
      'Threads that share the load; auto: one for every 20,000 requests/s, as far as there are cores',
      1,
      64,
    ).prefault(1),
    connections: whole(
      'Connections at most; left out: as many as the requests in flight need',
      1,
      65_536,
    ).optional(),
    keepAlive: yesNo(
      'Send the next request on the same connection; no: a connection for each, whose opening is part of the request',
    ).prefault(true),
    maxInFlight: whole('Arrivals beyond this many in flight are counted as unsent', 1, 65_536).prefault(2048),
    timeout: duration('After this long a request has failed', { positive: true }).prefault('10s'),
  })
  .describe('How much is sent, and when');
