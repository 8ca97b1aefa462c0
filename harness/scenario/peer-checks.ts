import type { Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import type { Complain } from './complain.ts';
import { isProblem, parseDuration, word } from './quantities.ts';

/** Fields of `load` that autocannon can follow. */
const AUTOCANNON_KNOWS = ['closed', 'engine', 'transport', 'connections', 'maxInFlight', 'timeout'];
const SHORTEST_TIMEOUT_MS = 1000;

/** What a peer cannot do is refused before any load, all of it at once. */
export function peerProblems(content: Record<string, unknown>, complain: Complain): Problem[] {
  const load = asMap(content.load) ?? {};
  const byEngine = load.engine === 'autocannon' ? autocannonProblems(load, content, complain) : [];
  return [...byEngine, ...transportProblems(load, content, complain)];
}

/** The schemes that each peer transport carries; the bundled server has the first. */
const SCHEMES: Readonly<Record<string, { scheme: string; carries: string }>> = {
  'node-http': { scheme: 'http', carries: 'HTTP/1.1 over http://' },
  'grpc-js': { scheme: 'grpc', carries: 'gRPC over grpc://' },
};

function transportProblems(
  load: Record<string, unknown>,
  content: Record<string, unknown>,
  complain: Complain,
): Problem[] {
  const peer = typeof load.transport === 'string' ? SCHEMES[load.transport] : undefined;
  if (peer === undefined || load.engine === 'autocannon') return [];
  const {
    protocol,
    stream,
    url = protocol === 'oip-grpc' ? 'grpc://' : 'http://',
  } = asMap(content.target) ?? {};
  const isCarried = typeof url !== 'string' || url.startsWith(`${peer.scheme}:`);
  const refuse = (field: string, message: string) =>
    complain(['load', field], message, 'leave load.transport out');
  return [
    ...(isCarried ? [] : [refuse('transport', `${load.transport} carries ${peer.carries} only`)]),
    ...(load.transport === 'grpc-js' && stream === true
      ? [refuse('transport', 'grpc-js carries unary and server-streaming calls only')]
      : []),
    ...(load.keepAlive === false ? [refuse('keepAlive', `${load.transport} keeps its connections`)] : []),
  ];
}

function autocannonProblems(
  load: Record<string, unknown>,
  content: Record<string, unknown>,
  complain: Complain,
): Problem[] {
  const problems = Object.keys(load)
    .filter((field) => !AUTOCANNON_KNOWS.includes(field))
    .map((field) =>
      complain(
        ['load', field],
        'autocannon cannot do that: it drives plain closed loads',
        'load: { engine: autocannon, closed: { inFlight: 32 } }, or engine: inferometer',
      ),
    );
  const refuse = (field: string, message: string, advice: string): void => {
    problems.push(complain(['load', ...field.split('.')], message, advice));
  };
  if ((load.transport ?? 'auto') !== 'auto') {
    refuse('transport', 'autocannon brings its own transport', 'leave load.transport out');
  }
  const closed = asMap(load.closed) ?? {};
  if (milliseconds(closed.thinkTime, 0) > 0) {
    refuse('closed.thinkTime', 'autocannon has no think time', 'leave it out, or engine: inferometer');
  }
  const inFlight = typeof closed.inFlight === 'number' ? closed.inFlight : undefined;
  if (typeof load.connections === 'number' && load.connections !== inFlight) {
    const advice = inFlight === undefined ? 'leave load.connections out' : `connections: ${inFlight}`;
    refuse('connections', 'autocannon carries one request on each connection', advice);
  }
  if (milliseconds(load.timeout, SHORTEST_TIMEOUT_MS) < SHORTEST_TIMEOUT_MS) {
    refuse('timeout', 'the shortest timeout of autocannon is 1s', 'timeout: 1s');
  }
  return [...problems, ...aroundIt(content, complain), ...wanted(content, complain)];
}

function aroundIt(content: Record<string, unknown>, complain: Complain): Problem[] {
  const { url, protocol } = asMap(content.target) ?? {};
  const isHttp = url === undefined || word(url).startsWith('http:');
  const aborts = asMap(content.limits)?.abort;
  const rules = Array.isArray(aborts) ? aborts.map(String) : [];
  return [
    ...(isHttp && !/grpc/.test(word(protocol))
      ? []
      : [
          complain(['load', 'engine'], 'autocannon speaks HTTP/1.1 over http:// only', 'engine: inferometer'),
        ]),
    ...rules
      .filter((rule) => !rule.startsWith('errors'))
      .map((rule) =>
        complain(['limits', 'abort'], `autocannon has no response times for "${rule}"`, 'leave the rule out'),
      ),
  ];
}

/** Fields elsewhere that need to see each request or each answer. */
function wanted(content: Record<string, unknown>, complain: Complain): Problem[] {
  const workload = asMap(content.workload) ?? {};
  const measure = asMap(content.measure) ?? {};
  const refuse = (path: readonly string[], message: string) =>
    complain(path, message, 'leave it out, or engine: inferometer');
  return [
    ...['mix', 'validate', 'changeEvery']
      .filter((field) => workload[field] !== undefined)
      .map((field) => refuse(['workload', field], 'autocannon judges answers by their status, all alike')),
    ...(typeof workload.rows === 'object' && workload.rows !== null
      ? [refuse(['workload', 'rows'], 'autocannon cannot count requests of different rows')]
      : []),
    ...(measure.rawLog === true
      ? [refuse(['measure', 'rawLog'], 'autocannon tells of no single request')]
      : []),
    ...(measure.stop === undefined
      ? []
      : [refuse(['measure', 'stop'], 'autocannon has no response times to stop by')]),
  ];
}

/** What is no duration is reported where durations are read. */
function milliseconds(found: unknown, otherwise: number): number {
  const reading = found === undefined ? { value: otherwise } : parseDuration(found);
  return isProblem(reading) ? otherwise : reading.value;
}
