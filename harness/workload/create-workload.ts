import { UsageError } from '../errors.ts';
import { servedName } from '../scenario/served-name.ts';
import type { ClassSpec, WorkloadSpec } from '../scenario/workload-spec.ts';
import type { ModelMetadata } from '../targets/target.ts';
import { datasetPayloads } from './dataset.ts';
import { cumulativeOf, drawAt, pick } from './indexed-draws.ts';
import type { Payloads } from './payloads.ts';
import { type Popularity, popularityOf } from './popularity.ts';
import { rowChoice } from './row-choice.ts';
import { type RandomStreams, syntheticPayloads } from './synthetic.ts';
import type { RequestClass, Sample, Workload } from './workload.ts';

/** The class of all requests where there is no mix. */
export const ALL = 'all';

interface PreparedClass {
  readonly facts: RequestClass;
  readonly payloads: Payloads;
  readonly popularity: Popularity;
  /** Number of its first sample in the whole. */
  readonly offset: number;
}

/** The classes of a workload; without a mix the one that is everything. */
export function classesOf(spec: WorkloadSpec): readonly ClassSpec[] {
  return spec.mix ?? [{ ...spec, name: ALL, share: 1 }];
}

/** The choice of the class, by seed and index alone. Allocates nothing. */
export function classChoice(classes: readonly { readonly share: number }[], randomStreams: RandomStreams) {
  if (classes.length === 1) return () => 0;
  const cumulative = cumulativeOf(classes.map(({ share }) => share));
  const salt = saltOf(randomStreams, MIX_STREAM);
  return (index: number) => pick(cumulative, drawAt(salt, index));
}

/** The salts of a class: of its keys and of its rows. */
export function popularityOfClass(
  spec: ClassSpec,
  position: number,
  available: number | undefined,
  randomStreams: RandomStreams,
): Popularity {
  return popularityOf(spec, available, saltOf(randomStreams, KEY_STREAM + position));
}

/**
 * A scenario's workload for the models that it asks, the target's own first. Reads files, and throws UsageError with
 * every problem of every class.
 */
export function createWorkload(
  spec: WorkloadSpec,
  models: readonly ModelMetadata[],
  randomStreams: RandomStreams,
): Workload {
  const specs = classesOf(spec);
  const problems: UsageError[] = [];
  const classes: PreparedClass[] = [];
  let samples = 0;
  for (const [position, one] of specs.entries()) {
    try {
      const prepared = prepareClass(one, position, spec, models, randomStreams);
      classes.push({ ...prepared, offset: samples });
      samples += prepared.payloads.samples;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(error);
    }
  }
  if (problems.length > 0) throw new UsageError(problems.flatMap((error) => error.problems));
  return assembled(classes, samples, classChoice(specs, randomStreams));
}

function prepareClass(
  spec: ClassSpec,
  position: number,
  whole: WorkloadSpec,
  models: readonly ModelMetadata[],
  randomStreams: RandomStreams,
): Omit<PreparedClass, 'offset'> {
  const asked = spec.model;
  const model =
    asked === undefined ? models[0] : models.find(({ name }) => name === asked || name === servedName(asked));
  if (model === undefined) throw new Error(`no metadata of the model that class ${spec.name} asks`);
  const field = whole.mix === undefined ? 'workload' : `workload.mix.${spec.name}`;
  const rows = rowChoice(spec, saltOf(randomStreams, ROWS_STREAM + position));
  const { name, share, encoding, from, images } = spec;
  const described = (payloads: Payloads, popularity: Popularity) => ({
    payloads,
    popularity,
    facts: { name, share, encoding, model: model.name, keys: popularity.keys },
  });
  if (from !== undefined) {
    const { path, written } = from;
    const scale = images ?? { scale: 'imagenet' };
    const options = { path, written, model, className: name, rows, images: scale, encoding };
    const payloads = datasetPayloads(options);
    refuseMoreKeys(spec, field, payloads.available ?? 0);
    return described(payloads, popularityOfClass(spec, position, payloads.available, randomStreams));
  }
  const popularity = popularityOfClass(spec, position, undefined, randomStreams);
  const payloads = syntheticPayloads({
    spec,
    model,
    field,
    keys: popularity.keys,
    rows,
    randomStreams: (sample) => randomStreams(position * SAMPLE_STREAMS + sample),
    otherInputs: models.flatMap(({ inputs }) => inputs.map(({ name }) => name)),
  });
  return described(payloads, popularity);
}

function refuseMoreKeys({ keys, from }: ClassSpec, field: string, available: number): void {
  const wanted = keys === undefined || keys.distribution === 'once' ? undefined : keys.keys;
  if (wanted === undefined || wanted <= available) return;
  const message = `found ${wanted}; ${from?.written} holds ${available} requests`;
  throw new UsageError([
    { field: `${field}.keys.keys`, message, advice: 'Leave it out to use all of them.' },
  ]);
}

function assembled(
  classes: readonly PreparedClass[],
  samples: number,
  classOf: (index: number) => number,
): Workload {
  const sample = (number: number): Sample => {
    const position = classes.findLastIndex(({ offset }) => offset <= number);
    const one = classes[position];
    if (one === undefined) throw new Error(`there is no sample ${number}`);
    const { varied, ...sample } = one.payloads.sample(number - one.offset);
    const tagged = { ...sample, requestClass: position };
    if (varied === undefined) return tagged;
    return { ...tagged, variation: { ...varied, keyOf: one.popularity.keyOf } };
  };
  return {
    classes: classes.map(({ facts }) => facts),
    samples,
    sample,
    ...numberedPayloads(classes, classOf, sample),
    sampleOf(index) {
      const one = classes[classOf(index)];
      return one === undefined ? 0 : one.offset + one.payloads.sampleOfKey(one.popularity.keyOf(index));
    },
  };
}

/** Payloads are numbered class after class, by their keys. */
function numberedPayloads(
  classes: readonly PreparedClass[],
  classOf: (index: number) => number,
  sample: (number: number) => Sample,
): Pick<Workload, 'payloads' | 'payloadOf' | 'payload'> {
  const counts = classes.map(({ facts }) => facts.keys);
  const offsets = counts.map((_, at) =>
    counts.slice(0, at).reduce<number>((sum, keys) => sum + (keys ?? 0), 0),
  );
  return {
    payloads: counts.reduce(
      (sum, keys) => (sum === undefined || keys === undefined ? undefined : sum + keys),
      0,
    ),
    payloadOf(index) {
      const at = classOf(index);
      return (offsets[at] ?? 0) + (classes[at]?.popularity.keyOf(index) ?? 0);
    },
    payload(number) {
      const at = offsets.findLastIndex((offset, position) => offset <= number && (counts[position] ?? 0) > 0);
      const one = classes[at];
      if (one === undefined) throw new Error(`there is no payload ${number}`);
      const key = number - (offsets[at] ?? 0);
      const found = sample(one.offset + one.payloads.sampleOfKey(key));
      if (found.variation === undefined) return found;
      return { ...found, variation: { ...found.variation, keyOf: () => key } };
    },
  };
}

/** 32 bits of a stream of its own. */
function saltOf(randomStreams: RandomStreams, stream: number): number {
  return Math.floor(randomStreams(stream)() * 0x1_0000_0000) | 0;
}

/** Streams of the samples of one class; those of the choices lie above all of them. */
const SAMPLE_STREAMS = 2 ** 20;
const MIX_STREAM = 2 ** 30;
const KEY_STREAM = MIX_STREAM + 2 ** 10;
const ROWS_STREAM = MIX_STREAM + 2 ** 11;
