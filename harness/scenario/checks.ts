import type { z } from 'zod';
import { nearestName, type Problem } from '../errors.ts';
import { asMap, checkPlace } from './axes.ts';
import { BUNDLED_MODELS } from './bundled-models.ts';
import { cacheChoice } from './cache-checks.ts';
import type { Complain } from './complain.ts';
import { located, type ScenarioDocument, writtenAt } from './document.ts';
import { fieldNames } from './json-schema.ts';
import { loadChoice, rateLimit } from './load-checks.ts';
import { notYetAdvice } from './not-yet.ts';
import { peerProblems } from './peer-checks.ts';
import { word } from './quantities.ts';
import type { Axes } from './scenario.ts';
import { stopProblems } from './stop-checks.ts';
import { versionNumbers } from './version-checks.ts';
import { workloadChoice } from './workload-checks.ts';

/** Turns a path of the content into the path of the document where the value was written. */
export type Origin = (path: readonly PropertyKey[]) => readonly PropertyKey[];

/** What the schema found, in the user's words and places. */
export function problemsOfIssues(
  issues: readonly z.core.$ZodIssue[],
  document: ScenarioDocument,
  origin: Origin,
): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownField([...issue.path.map(String), key], document, origin));
    }
    const advice: unknown = issue.code === 'custom' ? issue.params?.advice : undefined;
    return [
      {
        ...located(document, origin(issue.path)),
        field: issue.path.map(String).join('.'),
        message: issue.code === 'custom' ? issue.message : shapeMessage(issue),
        ...(typeof advice === 'string' ? { advice } : {}),
      },
    ];
  });
}

function shapeMessage(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small') return 'found an empty list; it needs at least one entry';
  if (issue.code !== 'invalid_type') return issue.message;
  const expected = issue.expected === 'array' ? 'a list' : 'fields of its own';
  return `found ${/received (\w+)/.exec(issue.message)?.[1] ?? 'something else'}; it is ${expected}`;
}

function unknownField(path: readonly string[], document: ScenarioDocument, origin: Origin): Problem {
  const place = { ...located(document, origin(path)), field: path.join('.') };
  const key = path.at(-1) ?? '';
  const later = notYetAdvice(path);
  if (later !== undefined) return { ...place, message: `"${key}" is not in this version`, advice: later };
  const known = fieldNames(path.slice(0, -1).map((part) => (/^\d+$/.test(part) ? '0' : part)));
  const near = nearestName(key, known);
  return {
    ...place,
    message: `unknown field "${key}"; allowed: ${known.join(', ')}`,
    ...(near === undefined ? {} : { advice: `did you mean ${near}?` }),
  };
}

/** What no single field can know: which fields exclude or need each other. */
export function checkTogether(
  content: Record<string, unknown>,
  document: ScenarioDocument,
  origin: Origin,
): Problem[] {
  const complain = (path: readonly string[], message: string, advice: string): Problem => ({
    ...located(document, origin(path)),
    field: path.join('.'),
    message,
    advice,
  });
  return [
    ...targetChoice(content, complain),
    ...cacheChoice(content, complain),
    ...loadChoice(content, complain),
    ...peerProblems(content, complain),
    ...stopProblems(content, complain),
    ...rateLimit(content, complain),
    ...inputNames(content, complain),
    ...workloadChoice(content, complain),
  ];
}

function targetChoice(content: Record<string, unknown>, complain: Complain): Problem[] {
  const target = asMap(content.target);
  if (target === undefined) return [];
  const own = ['url', 'model', 'http', 'grpc', 'headers', 'auth', 'tls'].filter(
    (field) => target[field] !== undefined,
  );
  if (target.reference !== undefined) {
    const problems = own.map((field) =>
      complain(
        ['target', field],
        `"${field}" is about your own server, and reference starts the bundled one`,
        field === 'model' ? 'write target.reference.model' : 'keep one of the two',
      ),
    );
    return [
      ...problems,
      ...bundledProtocol(target, complain),
      ...streamChoice(target, complain),
      ...versionNumbers(target, complain),
    ];
  }
  if (target.url === undefined) {
    return [
      complain(
        ['target'],
        'found neither reference nor url',
        'write reference: { model: recommender }, or url and model',
      ),
    ];
  }
  const besides = target.balancer === undefined ? [] : [complain(['target', 'balancer'], ...NOT_OURS)];
  return [
    ...besides,
    ...modelChoice(target, complain),
    ...wireChoice(target, complain),
    ...streamChoice(target, complain),
  ];
}

function bundledProtocol({ protocol }: Record<string, unknown>, complain: Complain): Problem[] {
  if (protocol === undefined || word(protocol).startsWith('oip-')) return [];
  const message = `the bundled server is not driven over ${word(protocol)}`;
  return [complain(['target', 'protocol'], message, 'protocol: oip-rest, or oip-grpc')];
}

const NOT_OURS = [
  'is about the replicas of the bundled server',
  'give the URL of your own balancer as target.url',
] as const;

function streamChoice({ protocol, stream }: Record<string, unknown>, complain: Complain): Problem[] {
  if (stream !== true || protocol === 'oip-grpc') return [];
  return [complain(['target', 'stream'], 'is about oip-grpc only', 'protocol: oip-grpc')];
}

function modelChoice(target: Record<string, unknown>, complain: Complain): Problem[] {
  const { protocol } = target;
  const problems: Problem[] = [];
  if (protocol === 'http' || protocol === 'grpc') {
    if (target.model !== undefined) {
      problems.push(complain(['target', 'model'], `protocol: ${protocol} knows no models`, 'leave it out'));
    }
  } else if (target.model === undefined) {
    const message = "found nothing; the model's name on your server is required";
    problems.push(complain(['target', 'model'], message, '--model NAME'));
  }
  for (const own of ['http', 'grpc'].filter((one) => one !== protocol && target[one] !== undefined)) {
    const message = `is the request of protocol: ${own}`;
    problems.push(complain(['target', own], message, `write protocol: ${own}`));
  }
  return problems;
}

function wireChoice(target: Record<string, unknown>, complain: Complain): Problem[] {
  const problems: Problem[] = [];
  const { cert, key } = asMap(target.tls) ?? {};
  const http = asMap(target.http) ?? {};
  if (target.tls !== undefined && !/^(https|grpcs):/.test(String(target.url))) {
    problems.push(complain(['target', 'tls'], 'is about https:// and grpcs:// only', 'give an https:// URL'));
  }
  if ((cert === undefined) !== (key === undefined)) {
    problems.push(complain(['target', 'tls'], 'found one of cert and key', 'give both, or none'));
  }
  if (http.body !== undefined && http.bodyFile !== undefined) {
    problems.push(complain(['target', 'http'], 'found body and bodyFile', 'keep one of the two'));
  }
  return [...problems, ...grpcChoice(target, complain)];
}

/** gRPC needs a method, a URL of its own kind, and one message. */
function grpcChoice(target: Record<string, unknown>, complain: Complain): Problem[] {
  const problems: Problem[] = [];
  const protocol = word(target.protocol);
  const isGrpc = protocol === 'grpc' || protocol === 'oip-grpc';
  const url = String(target.url);
  if (isGrpc ? /^https?:/.test(url) : url.startsWith('grpc')) {
    const grpc = target.model === undefined ? 'grpc' : 'oip-grpc';
    const advice = isGrpc ? `write ${url.replace(/^http/, 'grpc')}` : `write protocol: ${grpc}`;
    problems.push(complain(['target', 'url'], 'does not go with the protocol', advice));
  }
  if (protocol === 'grpc' && target.grpc === undefined) {
    const advice = 'grpc: { method: /package.Service/Method }';
    problems.push(complain(['target', 'grpc'], 'found nothing; the call is required', advice));
  }
  if (Object.keys(asMap(asMap(target.grpc)?.message) ?? {}).length > 1) {
    const message = 'found the message in several ways';
    problems.push(complain(['target', 'grpc', 'message'], message, 'keep one of base64, hex and file'));
  }
  return problems;
}

/** The bundled models' inputs are known beforehand; those of other models only when the server is asked. */
function inputNames(content: Record<string, unknown>, complain: Complain): Problem[] {
  const model = asMap(asMap(content.target)?.reference)?.model;
  const known =
    typeof model === 'string' && Object.hasOwn(BUNDLED_MODELS, model)
      ? BUNDLED_MODELS[model]?.inputs
      : undefined;
  // With several models each may have inputs of its own, which are compared when the server has told them.
  if (known === undefined || asMap(content.workload)?.mix !== undefined) return [];
  return ['inputs', 'shapes'].flatMap((field) =>
    Object.keys(asMap(asMap(content.workload)?.[field]) ?? {})
      .filter((name) => !known.includes(name))
      .map((name) =>
        complain(
          ['workload', field, name],
          `${model} has no input "${name}"`,
          `its inputs: ${known.join(', ')}`,
        ),
      ),
  );
}

/** A place (`skip`, `where`) with its labels as they were written, `1.50` and not 1.5. */
export function placeAsWritten(
  found: unknown,
  path: readonly PropertyKey[],
  document: ScenarioDocument,
): Axes {
  return Object.fromEntries(
    Object.entries(asMap(found) ?? {}).map(([axis, label]) => [
      axis,
      writtenAt(document, [...path, axis])?.trim() ?? word(label),
    ]),
  );
}

/** Problems of the rules or gates at `path`: axes and labels that do not exist. */
export function checkPlaces(
  places: readonly { readonly place: Axes; readonly path: readonly PropertyKey[] }[],
  known: Readonly<Record<string, readonly string[]>>,
  document: ScenarioDocument,
): Problem[] {
  return places.flatMap(({ place, path }) =>
    checkPlace(place, known).map(({ axis, ...problem }) => ({
      ...located(document, [...path, axis]),
      field: [...path, axis].map(String).join('.'),
      ...problem,
    })),
  );
}
