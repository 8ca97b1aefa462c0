import { z } from 'zod';
import { parseDistribution } from './distribution.ts';
import { choice, leaf, percentage, text, whole } from './leaves.ts';
import { isProblem, parseDuration, parsePercentage, type Reading, show } from './quantities.ts';
import { parseRowShares } from './row-shares.ts';
import { IMAGE_SCALES, type RowShare } from './workload-spec.ts';

/** The fields of `workload`; part of the one place for fields, units and defaults in `schema.ts`. */

const MOST_KEYS = 100_000_000;

const rows = leaf<number | readonly RowShare[]>(
  'Rows in each request: a number, ints(from, to), or numbers of rows with their shares, { 1: 80%, 8: 20% }',
  {
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 65_536 },
      { type: 'string', pattern: '^ints\\(' },
      { type: 'object', additionalProperties: { type: 'string', pattern: '%$' } },
    ],
    examples: [1, 'ints(1, 8)'],
  },
  parseRowShares,
);

const encoding = choice('JSON, or the binary tensor extension', ['json', 'binary']);

const inputs = z
  .record(
    z.string(),
    text(
      'normal(mean, sd), uniform(from, to) or ints(from, to)',
      (found) => {
        const distribution = parseDistribution(found);
        return isProblem(distribution) ? distribution : { value: found };
      },
      { examples: ['normal(0, 1)', 'uniform(0, 1)', 'ints(0, 30521)'] },
    ),
  )
  .describe(
    'What each input is filled with; one not named here: as the server says, else normal(0, 1), and ints(0, 1) for whole numbers',
  );

const shapes = z
  .record(
    z.string(),
    leaf<readonly number[]>(
      "An input's shape after the rows: one size, or a list",
      {
        anyOf: [
          { type: 'integer', minimum: 1 },
          { type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 1 },
        ],
        examples: [64, [3, 224, 224]],
      },
      parseShape,
    ),
  )
  .describe(
    'Shapes of inputs with variable dimensions, without the rows; left out: what the server says of an ordinary request',
  );

const distinct = leaf<'all' | number>(
  'How many payloads differ; all: no payload twice, so that nothing is answered from a cache (of a file: every entry)',
  { anyOf: [{ const: 'all' }, { type: 'integer', minimum: 1 }] },
  (found) =>
    found === 'all' || (Number.isInteger(found) && Number(found) >= 1)
      ? { value: found === 'all' ? 'all' : Number(found) }
      : { problem: `found ${show(found)}; allowed: all, or a whole number from 1` },
);

const keys = z
  .strictObject({
    distribution: choice(
      'uniform: all equally often; zipf: the k-th in proportion to 1 / k^s; once: none twice',
      ['uniform', 'zipf', 'once'],
    ),
    s: number('Exponent of zipf, from 0 (uniform) to 10; left out: 1', 0, 10).optional(),
    keys: whole(
      'How many payloads there are; left out with a file: all of its entries',
      1,
      MOST_KEYS,
    ).optional(),
  })
  .describe('How often each payload comes');

const from = text(
  'A file or folder of real inputs, beside this file or in the working folder: .jsonl, .csv, .npy, images',
  undefined,
  {
    examples: ['samples.jsonl', 'images/'],
  },
);

const images = z
  .strictObject({
    scale: choice(
      'What the values of pixels become: by the mean and deviation of ImageNet, 0 to 1, -1 to 1, or 0 to 255',
      IMAGE_SCALES,
    ).prefault('imagenet'),
  })
  .describe('How images become tensors');

const share = percentage('Share of the requests; the shares of a mix sum to 100%');

/** A share alone stands for `{ weight: share, model: its name }`; `withNamedModels` writes it so before this reads it. */
const requestClass = z
  .strictObject({
    weight: share,
    model: text('The model that it asks; left out: that of the target').optional(),
    rows: rows.optional(),
    encoding: encoding.optional(),
    inputs: inputs.optional(),
    shapes: shapes.optional(),
    distinct: distinct.optional(),
    keys: keys.optional(),
    from: from.optional(),
    images: images.optional(),
  })
  .meta({
    description:
      'A share (of requests to the model of that name), or weight and what differs from the workload',
    type: ['object', 'string'],
  });

const validate = z
  .strictObject({
    sample: leaf<number>(
      'The share of the answers that are compared, or all',
      { type: 'string', examples: ['1%', 'all'] },
      (found) => (found === 'all' ? { value: 1 } : upTo100(parsePercentage(found), found)),
    ).prefault('1%'),
    tolerance: number('How far a number may be off, relative to it and at least to 1', 0, 1).prefault(1e-4),
  })
  .describe(
    'Compare answers with those that the file expects, or that the server gave to each payload alone',
  );

const MOST_CHANGES = 8;

const changeEvery = leaf<readonly number[]>(
  'How often what lies behind a payload changes (a price, a stock), on average: a time, or a list of them. Tells how many answers of the bundled server had been computed before the last change',
  {
    anyOf: [
      { type: 'string', pattern: '^[0-9.]' },
      { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MOST_CHANGES },
    ],
    examples: ['10s', ['1s', '10s', '60s']],
  },
  parseTimes,
);

export const workload = z
  .strictObject({
    rows: rows.prefault(1),
    encoding: encoding.prefault('binary'),
    inputs: inputs.prefault({}),
    shapes: shapes.optional(),
    distinct: distinct.prefault('all'),
    keys: keys.optional(),
    from: from.optional(),
    images: images.optional(),
    mix: z
      .record(z.string(), requestClass)
      .optional()
      .describe(
        'Classes of requests at once, each counted apart: name: share, or name: { weight: share, … }',
      ),
    validate: validate.optional(),
    changeEvery: changeEvery.optional(),
  })
  .describe('What is sent');

/** A plain number without a unit. */
function number(description: string, minimum: number, maximum: number) {
  return leaf<number>(description, { type: 'number', minimum, maximum }, (found) =>
    typeof found === 'number' && found >= minimum && found <= maximum
      ? { value: found }
      : { problem: `found ${show(found)}; allowed: a number from ${minimum} to ${maximum}` },
  );
}

function parseShape(found: unknown): Reading<readonly number[]> {
  const sizes: unknown[] = [found].flat();
  const fits = sizes.length > 0 && sizes.every((size) => Number.isSafeInteger(size) && Number(size) >= 1);
  return fits
    ? { value: sizes.map(Number) }
    : {
        problem: `found ${show(found)}; allowed: a whole number from 1, or a list of them`,
        advice: 'as in 64, or [3, 224, 224]',
      };
}

/** Each above zero, none twice. */
function parseTimes(found: unknown): Reading<readonly number[]> {
  const written: unknown[] = [found].flat();
  const readings = written.map(parseDuration);
  const problem = readings.find(isProblem);
  if (problem !== undefined) return problem;
  const times = readings.flatMap((reading) => (isProblem(reading) ? [] : [reading.value]));
  const few = times.length > 0 && times.length <= MOST_CHANGES;
  if (few && times.every((ms) => ms > 0) && new Set(times).size === times.length) return { value: times };
  return {
    problem: `found ${show(found)}; allowed: a time above zero, or a list of at most ${MOST_CHANGES} different ones`,
    advice: 'as in 10s, or [1s, 10s, 60s]',
  };
}

function upTo100(reading: Reading<number>, found: unknown): Reading<number> {
  if (isProblem(reading) || (reading.value > 0 && reading.value <= 1)) return reading;
  return { problem: `found ${show(found)}; it must be above 0% and at most 100%` };
}
