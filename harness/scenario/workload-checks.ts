import type { Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import type { Complain } from './complain.ts';
import { parseModel } from './field-values.ts';
import { isProblem, parsePercentage } from './quantities.ts';
import { notWhole } from './row-shares.ts';

/** What the fields of a workload allow each other, in the whole and in each class of its mix. */
export function workloadChoice(content: Record<string, unknown>, complain: Complain): Problem[] {
  const workload = asMap(content.workload);
  if (workload === undefined) return [];
  const mix = asMap(workload.mix);
  return [
    ...payloadChoice(workload, {}, ['workload'], complain),
    ...Object.entries(mix ?? {}).flatMap(([name, found]) =>
      payloadChoice(asMap(found) ?? {}, workload, ['workload', 'mix', name], complain),
    ),
    ...(mix === undefined ? [] : [...classNames(mix, complain), ...shares(mix, complain)]),
    ...goldens(workload, mix, asMap(content.target)?.protocol, complain),
    ...bundledModels(asMap(content.target)?.reference !== undefined, mix ?? {}, complain),
  ];
}

type Fields = Record<string, unknown>;

function payloadChoice(own: Fields, whole: Fields, path: readonly string[], complain: Complain): Problem[] {
  const keys = asMap(own.keys);
  const from = own.from ?? (own.inputs === undefined ? whole.from : undefined);
  const problems: Problem[] = [];
  const drawn = ['inputs', 'shapes'].filter((field) => own.from !== undefined && own[field] !== undefined);
  for (const field of drawn) {
    problems.push(
      complain(
        [...path, field],
        'inputs are drawn, and "from" reads them from a file',
        'keep one of the two',
      ),
    );
  }
  if (keys === undefined) return problems;
  if (own.distinct !== undefined) {
    problems.push(
      complain([...path, 'distinct'], '"keys" says how many payloads there are', 'keep one of the two'),
    );
  }
  const { distribution } = keys;
  if (keys.s !== undefined && distribution !== 'zipf') {
    problems.push(complain([...path, 'keys', 's'], 'only zipf has an exponent', 'leave it out'));
  }
  if (distribution === 'once') {
    if (from !== undefined) {
      problems.push(
        complain([...path, 'keys'], 'a file has so many entries, and they come again', 'leave "keys" out'),
      );
    }
  } else if (keys.keys === undefined && from === undefined) {
    problems.push(
      complain(
        [...path, 'keys'],
        'found nothing; how many payloads are there?',
        'as in keys: { distribution: zipf, keys: 100000 }',
      ),
    );
  }
  return problems;
}

/** Beside the bundled server's own model, others that come along; on a server of one's own it says which it has. */
function bundledModels(bundled: boolean, mix: Fields, complain: Complain): Problem[] {
  if (!bundled) return [];
  return Object.entries(mix).flatMap(([name, found]) => {
    const model = asMap(found)?.model;
    const reading = typeof model === 'string' ? parseModel(model) : { value: '' };
    if (!isProblem(reading)) return [];
    return [
      complain(
        ['workload', 'mix', name],
        reading.problem,
        reading.advice ?? 'or write name: { weight: 90% }',
      ),
    ];
  });
}

/** A class's name is part of a path in records. */
function classNames(mix: Fields, complain: Complain): Problem[] {
  return Object.keys(mix)
    .filter((name) => !/^[a-z0-9][a-z0-9_-]*$/i.test(name))
    .map((name) =>
      complain(
        ['workload', 'mix', name],
        `found "${name}"; the name of a class is letters, digits, dashes and underscores`,
        `as in mine: { weight: 90%, model: ${name} }`,
      ),
    );
}

/** Malformed shares are told by the schema. */
function shares(mix: Fields, complain: Complain): Problem[] {
  const readings = Object.values(mix).map((found) => parsePercentage(asMap(found)?.weight));
  if (readings.some(isProblem)) return [];
  const problem = notWhole(readings.flatMap((reading) => (isProblem(reading) ? [] : [reading.value])));
  return problem === undefined
    ? []
    : [complain(['workload', 'mix'], problem, 'as in mix: { ranker: 90%, embedder: 10% }')];
}

/** So many payloads may be asked alone beforehand. */
export const MOST_GOLDENS = 1000;

/** What an answer should be comes from a file, or from asking each payload once beforehand: there must be few. */
function goldens(
  workload: Fields,
  mix: Fields | undefined,
  protocol: unknown,
  complain: Complain,
): Problem[] {
  if (workload.validate === undefined) return [];
  if (protocol === 'grpc' && asMap(workload.validate)?.tolerance !== undefined) {
    const message = 'protocol: grpc does not know the numbers of an answer; its bytes are compared';
    return [complain(['workload', 'validate', 'tolerance'], message, 'leave it out')];
  }
  // One request, written out by the user.
  if (protocol === 'grpc' || protocol === 'http') return [];
  const classes = mix === undefined ? [{}] : Object.values(mix).map((found) => asMap(found) ?? {});
  const tooMany = classes.some((own) => (payloadsOf(own, workload) ?? 0) > MOST_GOLDENS);
  if (!tooMany) return [];
  return [
    complain(
      ['workload', 'validate'],
      `there is nothing to compare with: each payload is asked once beforehand, and there are more than ${MOST_GOLDENS}`,
      'write distinct: 64, or keys: { distribution: zipf, keys: 1000 }, or read inputs and what is expected from a file',
    ),
  ];
}

/** Undefined where a file tells. */
function payloadsOf(own: Fields, whole: Fields): number | undefined {
  const keys = asMap(own.keys ?? (own.distinct === undefined ? whole.keys : undefined));
  if ((own.from ?? (own.inputs === undefined ? whole.from : undefined)) !== undefined) return undefined;
  if (keys !== undefined) return keys.distribution === 'once' ? Number.POSITIVE_INFINITY : count(keys.keys);
  const distinct = own.distinct ?? whole.distinct ?? 'all';
  return distinct === 'all' ? Number.POSITIVE_INFINITY : count(distinct);
}

/** What is no number is told by the schema. */
function count(found: unknown): number {
  return typeof found === 'number' ? found : 0;
}
