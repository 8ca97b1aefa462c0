import { z } from 'zod';
import { cache } from './cache-schema.ts';
import { events } from './event-schema.ts';
import { parseAbort, parseModel, parseName, parsePipeline } from './field-values.ts';
import {
  choice,
  duration,
  expression,
  label,
  leaf,
  percentage,
  rate,
  rowsQuantity,
  text,
  whole,
  wholesAscending,
  yesNo,
} from './leaves.ts';
import { load } from './load-schema.ts';
import { REPORT_NAMES } from './report-names.ts';
import { ownServer } from './target-schema.ts';
import { BALANCERS, BALANCING_POLICIES, DEFAULT_BALANCER } from './target-spec.ts';
import { workload } from './workload-schema.ts';

/**
 * The one place for a scenario's fields, units and defaults. From it come the checks of `load-file.ts`,
 * the JSON Schema for editors, and what `explain` prints. A default is written as a user would write it.
 */
const batching = z
  .strictObject({
    maxRows: whole('Rows in a batch at most; 1 switches batching off', 1, 65_536).prefault(32),
    maxDelay: duration('How long the oldest request may wait for company').prefault('0ms'),
    maxQueue: rowsQuantity('Bound of the queue; beyond it the server answers 503').prefault('512 rows'),
    inFlight: whole('Batches handed to an instance at once, the running one included', 1, 16).prefault(1),
    preferred: wholesAscending(
      'Sizes with which a batch leaves without waiting for maxDelay',
      1,
      65_536,
    ).optional(),
    allowed: wholesAscending(
      'Sizes that batches run in, the last being maxRows: smaller ones are padded; left out: any',
      1,
      65_536,
    ).optional(),
    queueTimeout: duration('How long a request may wait in the queue; left out: for ever', {
      positive: true,
    }).optional(),
    onQueueTimeout: choice(
      'reject answers 503; defer lets it wait on, behind those that have not timed out',
      ['reject', 'defer'],
    ).optional(),
  })
  .describe('How the server forms batches');

const reference = z
  .strictObject({
    model: text('A bundled model by name, or a path to your own ONNX file', parseModel),
    versions: z
      .record(z.string(), text('A bundled model by name, or a path to your own ONNX file', parseModel))
      .optional()
      .describe(
        'Further versions by number, 2 and up, that events load; version 1 is model, and serves until a split says otherwise',
      ),
    instances: whole('Copies of the model that work side by side', 1, 256).prefault(1),
    threads: whole('Threads of each instance', 1, 1024).prefault(1),
    provider: choice('What computes; auto takes the best that is there and records which it was', [
      'auto',
      'cpu',
      'webgpu',
      'cuda',
      'tensorrt',
    ]).prefault('auto'),
    placement: choice(
      'Where the model runs: threads of its own, the one that does the I/O, or auto: what is measured to be cheaper',
      ['auto', 'inline', 'worker'],
    ).optional(),
    batching: batching.prefault({}),
    cache: cache.optional(),
    pipeline: leaf<Readonly<Record<string, unknown>>>(
      'Steps that the server runs before and after the model, as its own configuration has them (server.yaml): inputs, before, after, outputs; checked by the server when it starts',
      {
        type: 'object',
        examples: [{ before: [{ step: 'clip', from: 'features', low: -3, high: 3 }] }],
      },
      parsePipeline,
    ).optional(),
    replicas: whole(
      'Server processes, each with as many instances and threads; more than one stand behind a balancer',
      1,
      64,
    ).prefault(1),
  })
  .describe('The bundled server, started as a process of its own for each setting');

const balancer = z
  .strictObject({
    kind: choice(
      'Ours, request by request; or haproxy or nginx, installed on this machine',
      BALANCERS,
    ).prefault(DEFAULT_BALANCER.kind),
    policy: choice(
      'Who gets the next request: each in turn; the one with the fewest in flight; or the less busy of two drawn ones',
      BALANCING_POLICIES,
    ).prefault(DEFAULT_BALANCER.policy),
  })
  .describe(
    'What stands before the replicas of the bundled server, even before a single one; left out: nothing before one, ours before several',
  );

const target = z
  .strictObject({ reference: reference.optional(), balancer: balancer.optional(), ...ownServer })
  .describe('What is driven: `reference` for the bundled server, or `url` and `model` for your own');

const stop = z
  .strictObject({
    precision: percentage('Half the width of its interval over its value').prefault('5%'),
    of: choice('Which percentile of the response time', ['p50', 'p90', 'p95', 'p99', 'p999']).prefault('p99'),
    maxDuration: duration('Measured for so long at most, for each case; 50 times measure.duration at most', {
      positive: true,
    }).prefault('60s'),
  })
  .describe(
    'Measure on after measure.duration until a percentile is known well enough. Looked at when 1.25 times as much has been measured as at the last look; intervals are widened for the looks',
  );

const measure = z
  .strictObject({
    warmup: duration('Driven but not summarised').prefault('1s'),
    duration: duration('Measured, for each case; a load with a length of its own is measured for that', {
      positive: true,
    }).prefault('4s'),
    stop: stop.optional(),
    drain: duration('How long to wait at the end for answers still open').prefault('5s'),
    trials: whole('Independent repetitions of every case', 1, 1000).prefault(1),
    order: choice('interleaved: all cases once, then all again, shuffled by the seed', [
      'interleaved',
      'sequential',
    ]).prefault('interleaved'),
    seed: whole('Arrivals, payloads and order follow from it', 0, 4_294_967_295).prefault(7),
    rawLog: yesNo('Keep every request, 64 bytes each, beside the record').prefault(false),
  })
  .describe('How long, how often, in what order');

const place = z.record(z.string(), label("The axis's label")).describe('Axis: label, for example batch: 32');

const SLO_METRICS = ['p50', 'p90', 'p95', 'p99', 'p999', 'errors'];

const decide = z
  .strictObject({
    slo: z
      .array(expression('A promise about response times or errors', SLO_METRICS))
      .prefault([])
      .describe('The promise: defines capacity, goodput, recommendation and price; never fails a run'),
    recommend: z
      .strictObject({
        maximize: choice('capacity: the highest rate whose SLO is proven by its interval', [
          'capacity',
        ]).prefault('capacity'),
        tieBreak: choice('Which of several equal settings', ['lowest p99']).prefault('lowest p99'),
      })
      .optional()
      .describe('Name the setting to serve with'),
    report: z
      .array(
        choice(
          'A metric, compared between the settings; or breakEvenHitRate: from which hit rate on a cache pays; or survivesCacheLoss: whether the promise holds when an event takes the cache away; or worstWindow: what the events did to p99, and what it is without',
          REPORT_NAMES,
        ),
      )
      .optional()
      .describe(
        'What the answer tells besides; without `recommend` the first of it is the answer. Every setting side by side',
      ),
    price: z
      .strictObject({
        machine: text(
          'A name from the price book; own/name:purchase=…,lifetime=…,power=…,energy=… for your own; auto: the nearest match to this machine',
        ).prefault('auto'),
        term: choice('How it is paid', ['on-demand', 'spot']).prefault('on-demand'),
      })
      .prefault({})
      .describe('What a machine-hour costs'),
    gates: z
      .array(
        z.strictObject({
          where: place.prefault({}).describe('The cases that it is about; left out: all'),
          expect: z.array(expression('A bound that must hold')).min(1).describe('Each must hold'),
        }),
      )
      .prefault([])
      .describe('Budgets that fail the run'),
  })
  .describe('What the figures are for');

const limits = z
  .strictObject({
    maxRate: rate('No more than this is ever offered').optional(),
    abort: z
      .array(leaf('Ends a case early', { type: 'string', examples: ['errors > 5% for 5s'] }, parseAbort))
      .prefault([])
      .describe('Conditions that end a case early: errors or p99, above a bound, for a time'),
  })
  .describe('Protection for the server under test');

const axis = z
  .strictObject({
    path: text('The field that it varies, dotted: target.reference.batching.maxRows').optional(),
    values: z.unknown().meta({
      description:
        'A list of values; or label: value; or, without path, label: { dotted.path: value, other.path: value }',
      anyOf: [
        { type: 'array', minItems: 1 },
        { type: 'object', minProperties: 1 },
      ],
    }),
  })
  .describe('One thing to vary');

export const scenarioFile = z
  .strictObject({
    name: text(
      'Short name; the results folder carries it. Left out: the name of the file',
      parseName,
    ).optional(),
    question: text('The question that the scenario answers').prefault(''),
    target,
    vary: z
      .record(z.string(), axis)
      .prefault({})
      .describe('Axes; every combination of their values is one setting'),
    skip: z.array(place).prefault([]).describe('Combinations to leave out'),
    workload: workload.prefault({}),
    load: load.prefault({}),
    measure: measure.prefault({}),
    events,
    decide: decide.prefault({}),
    limits: limits.prefault({}),
    labels: z
      .record(z.string(), text('Any text; environment variables in the form of a shell'))
      .prefault({})
      .describe('Carried into the record, not part of the experiment'),
  })
  .describe('An Inferometer scenario');

export type ScenarioFile = z.output<typeof scenarioFile>;
