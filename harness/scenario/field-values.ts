import { existsSync } from 'node:fs';
import { nearestName } from '../errors.ts';
import { BUNDLED_MODELS } from './bundled-models.ts';
import { METRICS, parseExpression } from './expression.ts';
import { isProblem, parseDuration, type Reading, show, word } from './quantities.ts';
import type { LimitsSpec } from './scenario.ts';

/** Readers of the few fields with rules of their own. */

/** A bundled model's name, or a path (ending in .onnx) to a file that is there. */
export function parseModel(found: string): Reading<string> {
  if (found.endsWith('.onnx')) {
    return existsSync(found)
      ? { value: found }
      : {
          problem: `found "${found}"; there is no such file`,
          advice: 'the path is relative to the working folder',
        };
  }
  const known = Object.keys(BUNDLED_MODELS);
  if (known.includes(found)) return { value: found };
  const near = nearestName(found, known);
  return {
    problem: `found model "${found}"; bundled: ${known.join(', ')}; or a path to an .onnx file`,
    ...(near === undefined ? {} : { advice: `did you mean ${near}?` }),
  };
}

const PIPELINE_FIELDS = ['inputs', 'before', 'after', 'outputs'];

/** Steps around a model: their own fields are the server's to check. */
export function parsePipeline(found: unknown): Reading<Readonly<Record<string, unknown>>> {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    return {
      problem: `found ${show(found)}; it is a map of ${PIPELINE_FIELDS.join(', ')}`,
      advice: 'as in { before: [{ step: clip, from: features, low: 0 }] }',
    };
  }
  const unknown = Object.keys(found).find((name) => !PIPELINE_FIELDS.includes(name));
  if (unknown === undefined) return { value: found as Readonly<Record<string, unknown>> };
  const near = nearestName(unknown, PIPELINE_FIELDS);
  return {
    problem: `found "${unknown}"; known here: ${PIPELINE_FIELDS.join(', ')}`,
    ...(near === undefined ? {} : { advice: `did you mean ${near}?` }),
  };
}

const SCHEMES = ['http:', 'https:', 'grpc:', 'grpcs:'];

/** `http://host:port` (or https, grpc, grpcs) or `unix:/path`; gives it without a trailing slash. */
export function parseUrl(found: string): Reading<string> {
  const example = 'as in http://127.0.0.1:8000';
  if (found.startsWith('unix:')) return parseUnixUrl(found);
  if (!URL.canParse(found)) return { problem: `found "${found}"; it is a URL`, advice: example };
  const scheme = new URL(found).protocol;
  if (!SCHEMES.includes(scheme)) {
    const known = SCHEMES.map((one) => `${one}//`).join(', ');
    return {
      problem: `found "${found}"; ${scheme}// is not in this version, only ${known} and unix:`,
      advice: example,
    };
  }
  // URL takes hosts and ports apart for schemes that it knows.
  const url = new URL(found.replace(/^grpc/i, 'http'));
  if (url.username !== '' || url.search !== '' || url.hash !== '' || url.pathname !== '/') {
    return {
      problem: `found "${found}"; it is host and port and nothing else`,
      advice: `write ${scheme}//${url.host}`,
    };
  }
  return { value: `${scheme}//${url.host}` };
}

function parseUnixUrl(found: string): Reading<string> {
  const path = found.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
  if (path.startsWith('/') && path.length < 108) return { value: `unix:${path}` };
  return {
    problem: `found "${found}"; the path of a socket begins with a slash and is shorter than 108`,
    advice: 'as in unix:/run/server.sock',
  };
}

/** `/v1/predict?x=1`: what stands in a request line. */
export function parseHttpPath(found: string): Reading<string> {
  if (/^\/[!-~]*$/.test(found)) return { value: found };
  return {
    problem: `found "${found}"; a path begins with a slash and holds no blank`,
    advice: 'as in /v1/predict',
  };
}

/** `/package.Service/Method`, with or without its first slash. */
export function parseGrpcMethod(found: string): Reading<string> {
  const method = found.startsWith('/') ? found : `/${found}`;
  if (/^\/[\w.]+\/\w+$/.test(method)) return { value: method };
  return {
    problem: `found "${found}"; a method is its service and its name`,
    advice: 'as in /inference.GRPCInferenceService/ServerLive',
  };
}

export function parseBase64(found: string): Reading<string> {
  const bytes = Buffer.from(found, 'base64').toString('base64');
  if (bytes.replace(/=+$/, '') === found.replace(/=+$/, '')) return { value: bytes };
  return { problem: `found ${show(found)}; it is not base64`, advice: 'base64 -w0 message.bin' };
}

/** Blanks between digits are left out. */
export function parseHex(found: string): Reading<string> {
  const digits = found.replace(/\s/g, '');
  if (/^([0-9a-f]{2})*$/i.test(digits)) return { value: digits };
  return { problem: `found ${show(found)}; it is pairs of hexadecimal digits`, advice: 'xxd -p message.bin' };
}

/** A name that can be part of a folder's name. */
export function parseName(found: string): Reading<string> {
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(found)) return { value: found };
  return { problem: `found "${found}"; a name is letters, digits, dots, dashes and underscores, at most 64` };
}

/** `errors > 5% for 5s`. */
export function parseAbort(found: unknown): Reading<LimitsSpec['abort'][number]> {
  const [, condition, time] = /^(.*?)\s+for\s+(.*)$/.exec(word(found)) ?? [];
  if (condition === undefined || time === undefined) {
    return {
      problem: `found ${show(found)}; it is a condition and how long it must last`,
      advice: 'as in: errors > 5% for 5s',
    };
  }
  const parsed = parseExpression(condition);
  if ('problem' in parsed) return parsed;
  const { metric, op, bound } = parsed;
  if ((metric !== 'errors' && metric !== 'p99') || op !== '>') {
    return {
      problem: `found ${show(found)}; a case is aborted on errors or p99 above a bound`,
      advice: `as in: ${METRICS[metric] === 'ms' ? 'p99 > 2s for 10s' : 'errors > 5% for 5s'}`,
    };
  }
  const lasting = parseDuration(time);
  if (isProblem(lasting)) return lasting;
  return { value: { expression: word(found), metric, above: bound, forMs: lasting.value } };
}
