import type { Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import type { Complain } from './checks.ts';
import { isProblem, parseDuration, word } from './quantities.ts';

/** Fields of `load` that autocannon can follow. */
const AUTOCANNON_KNOWS = ['closed', 'engine', 'transport', 'connections', 'maxInFlight', 'timeout'];
const SHORTEST_TIMEOUT_MS = 1000;

/** What a peer cannot do is refused before any load, all of it at once. */
export function peerProblems(content: Record<string, unknown>, complain: Complain): Problem[] {
  const load = asMap(content.load) ?? {};
  if (load.engine === 'autocannon') return autocannonProblems(load, content, complain);
  return load.transport === 'node-http' ? nodeHttpProblems(load, content, complain) : [];
}

function nodeHttpProblems(
  load: Record<string, unknown>,
  content: Record<string, unknown>,
  complain: Complain,
): Problem[] {
  const { url = 'http:' } = asMap(content.target) ?? {};
  const refuse = (field: string, message: string, advice: string) =>
    complain(['load', field], message, advice);
  return [
    ...(String(url).startsWith('http:')
      ? []
      : [refuse('transport', 'node-http speaks over http:// only', 'leave load.transport out')]),
    ...(load.keepAlive === false
      ? [refuse('keepAlive', 'node-http keeps its connections', 'leave load.transport out')]
      : []),
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
        'autocannon drives closed loads only',
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
  return [...problems, ...aroundIt(content, complain)];
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

/** What is no duration is reported where durations are read. */
function milliseconds(found: unknown, otherwise: number): number {
  const reading = found === undefined ? { value: otherwise } : parseDuration(found);
  return isProblem(reading) ? otherwise : reading.value;
}
