import { asMap } from './axes.ts';
import type { ScenarioFile } from './schema.ts';
import type { TargetSpec } from './target-spec.ts';
import type { ClassSpec, DatasetSpec, KeysSpec, PayloadSpec, WorkloadSpec } from './workload-spec.ts';

type Written = ScenarioFile['workload'];
type WrittenClass = NonNullable<Written['mix']>[string];

/** What stands behind a path of `from`, as the file was read. */
export type FindDataset = (written: string) => DatasetSpec;

/** A class takes from the workload what it does not say itself. */
export function workloadFrom({ workload }: Pick<ScenarioFile, 'workload'>, find: FindDataset): WorkloadSpec {
  const { mix, validate, changeEvery: changeEveryMs } = workload;
  return {
    ...payloadFrom(workload, find),
    ...(mix === undefined
      ? {}
      : { mix: Object.entries(mix).map(([name, own]) => classFrom(name, own, workload, find)) }),
    ...(validate === undefined
      ? {}
      : { validate: { share: validate.sample, tolerance: validate.tolerance } }),
    ...(changeEveryMs === undefined ? {} : { changeEveryMs }),
  };
}

function classFrom(name: string, own: WrittenClass, whole: Written, find: FindDataset): ClassSpec {
  const keys = own.keys ?? (own.distinct === undefined ? whole.keys : undefined);
  const from = own.from ?? (own.inputs === undefined ? whole.from : undefined);
  const images = own.images ?? whole.images;
  const shapes = { ...whole.shapes, ...own.shapes };
  const payload = payloadFrom(
    {
      rows: own.rows ?? whole.rows,
      encoding: own.encoding ?? whole.encoding,
      inputs: { ...whole.inputs, ...own.inputs },
      ...(Object.keys(shapes).length === 0 ? {} : { shapes }),
      distinct: own.distinct ?? whole.distinct,
      ...(keys === undefined ? {} : { keys }),
      ...(from === undefined ? {} : { from }),
      ...(images === undefined ? {} : { images }),
    },
    find,
  );
  return { name, share: own.weight, ...(own.model === undefined ? {} : { model: own.model }), ...payload };
}

function payloadFrom(
  {
    rows,
    encoding,
    inputs,
    shapes,
    distinct,
    keys,
    from,
    images,
  }: Omit<Written, 'mix' | 'validate' | 'changeEvery'>,
  find: FindDataset,
): PayloadSpec {
  return {
    rows,
    encoding,
    inputs,
    ...(shapes === undefined ? {} : { shapes }),
    distinct,
    ...(keys === undefined ? {} : { keys: keysFrom(keys) }),
    ...(from === undefined ? {} : { from: find(from) }),
    ...(images === undefined ? {} : { images }),
  };
}

function keysFrom({ distribution, s = 1, keys }: NonNullable<Written['keys']>): KeysSpec {
  if (distribution === 'once') return { distribution };
  const count = keys === undefined ? {} : { keys };
  return distribution === 'zipf' ? { distribution, s, ...count } : { distribution, ...count };
}

/** `mix: { ranker: 90% }` in full: a class of that name, which asks the model of that name. */
export function withNamedModels(content: Record<string, unknown>): Record<string, unknown> {
  const workload = asMap(content.workload);
  const mix = asMap(workload?.mix);
  if (mix === undefined) return content;
  const full = Object.entries(mix).map(([name, found]) => [
    name,
    asMap(found) ?? { weight: found, model: name },
  ]);
  return { ...content, workload: { ...workload, mix: Object.fromEntries(full) } };
}

/** Every file or folder that a workload names, with the path of the field that names it. */
export function datasetsNamed({
  workload,
}: Pick<ScenarioFile, 'workload'>): { written: string; path: string[] }[] {
  const named = (written: string | undefined, path: string[]) =>
    written === undefined ? [] : [{ written, path }];
  return [
    ...named(workload.from, ['workload', 'from']),
    ...Object.entries(workload.mix ?? {}).flatMap(([name, { from }]) =>
      named(from, ['workload', 'mix', name, 'from']),
    ),
  ];
}

/** The target with the models that a mix asks besides its own. */
export function withOtherModels(target: TargetSpec, { mix = [] }: WorkloadSpec): TargetSpec {
  const asked = mix.flatMap(({ model }) => (model === undefined || model === target.model ? [] : [model]));
  return asked.length === 0 ? target : { ...target, otherModels: [...new Set(asked)] };
}

/** As far as it is part of the experiment: the content of a file is, where it lies is not. */
export function hashable(workload: WorkloadSpec): unknown {
  const plain = <T extends PayloadSpec>(payload: T) =>
    payload.from === undefined ? payload : { ...payload, from: payload.from.sha256 };
  return {
    ...plain(workload),
    ...(workload.mix === undefined ? {} : { mix: workload.mix.map(plain) }),
  };
}
