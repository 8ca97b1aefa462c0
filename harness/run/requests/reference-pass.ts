import { TargetError, UsageError } from '../../errors.ts';
import { calibratedClock } from '../../load/clock.ts';
import { packageVersion } from '../../package-files.ts';
import type { Protocol } from '../../protocols/protocol.ts';
import { MOST_GOLDENS } from '../../scenario/workload-checks.ts';
import { NodeSockets } from '../../transports/node-sockets.ts';
import type { Sink, Template, TransportOutcome } from '../../transports/transport.ts';
import type { Workload } from '../../workload/workload.ts';
import type { Golden, LoadAssignment } from '../load-engine.ts';
import { makeProtocol } from './make-protocol.ts';
import { isGrpc, makeTransport } from './make-transport.ts';
import { protocolOfClass, workloadOf } from './request-plan.ts';
import { tlsOf } from './sockets.ts';

/** All answers together, in numbers. */
const MOST_NUMBERS = 2 ** 22;

/**
 * What each payload's answer should be: as the file says it, else as the server answers when it is asked that payload
 * alone, one after another, so that no batch can mix it up with others. Undefined without `validate`. Throws UsageError
 * when there is nothing to compare with, TargetError when the server does not answer. `gapMs`: between two requests.
 */
export async function goldensFor(
  assignment: LoadAssignment,
  gapMs: number,
  drain: AbortSignal,
): Promise<readonly Golden[] | undefined> {
  if (assignment.workload.validate === undefined) return undefined;
  const workload = workloadOf(assignment);
  const count = workload.payloads ?? Number.POSITIVE_INFINITY;
  if (count > MOST_GOLDENS) return allTold(workload, count);
  const alone = new AloneAnswers(assignment, workload);
  try {
    await alone.connect();
    const goldens: Golden[] = [];
    let numbers = 0;
    for (let number = 0; number < count && !drain.aborted; number++) {
      const golden = told(workload, number) ?? (await alone.ask(number));
      if (goldens.length > 0 && gapMs > 0) await new Promise((resolve) => setTimeout(resolve, gapMs));
      numbers += sizeOf(golden);
      if (numbers > MOST_NUMBERS) throw tooManyNumbers();
      goldens.push(golden);
    }
    return goldens;
  } finally {
    alone.close();
  }
}

/** What the file says of a payload's answer. */
function told(workload: Workload, number: number): Golden {
  return (
    workload.payload(number).expected?.map(({ name, values }) => ({ name, values: [...values] })) ?? null
  );
}

/** Too many payloads to ask for: the file must say it. */
function allTold(workload: Workload, count: number): readonly Golden[] {
  const goldens = Number.isFinite(count)
    ? Array.from({ length: count }, (_, number) => told(workload, number))
    : [];
  if (goldens.some((golden) => golden !== null)) return goldens;
  throw new UsageError([
    {
      field: 'workload.validate',
      message: `nothing says what the answers should be, and ${count} payloads are too many to ask for them`,
      advice: `Add "expected" to the file, or let at most ${MOST_GOLDENS} payloads differ (workload.distinct).`,
    },
  ]);
}

function sizeOf(golden: Golden): number {
  if (golden === null) return 0;
  return 'body' in golden ? golden.body.length : golden.reduce((sum, { values }) => sum + values.length, 0);
}

function tooManyNumbers(): UsageError {
  return new UsageError([
    {
      field: 'workload.validate',
      message: `the answers to all payloads hold more than ${MOST_NUMBERS} numbers`,
      advice: 'Let fewer payloads differ: workload.distinct.',
    },
  ]);
}

/** One request at a time, over one connection, outside any measurement. */
class AloneAnswers {
  readonly #assignment: LoadAssignment;
  readonly #workload: Workload;
  readonly #transport: ReturnType<typeof makeTransport>;
  #pieces: Buffer[] = [];
  #status = 0;
  #ended: (outcome: TransportOutcome) => void = () => {};

  constructor(assignment: LoadAssignment, workload: Workload) {
    this.#assignment = assignment;
    this.#workload = workload;
    const now = calibratedClock();
    const sink: Sink = {
      sent: () => {},
      head: (_slot, status) => {
        this.#status = status;
      },
      data: (_slot, buffer, from, to) => {
        this.#pieces.push(Buffer.from(buffer.subarray(from, to)));
      },
      end: (_slot, outcome) => this.#ended(outcome),
    };
    this.#transport = makeTransport(assignment, {
      url: assignment.endpoint.url,
      headers: { 'User-Agent': `inferometer/${packageVersion()}`, ...assignment.endpoint.headers },
      connections: 1,
      timeoutMs: assignment.timeoutMs,
      keepAlive: assignment.keepAlive ?? true,
      now,
      sockets: new NodeSockets(now, tlsOf(assignment)),
      sink,
    });
  }

  connect(): Promise<void> {
    return this.#transport.connect(1);
  }

  async ask(number: number): Promise<Golden> {
    const sample = this.#workload.payload(number);
    const requestClass = this.#workload.classes[sample.requestClass];
    const protocol =
      requestClass === undefined
        ? makeProtocol(this.#assignment, this.#assignment.model, this.#assignment.workload.encoding)
        : protocolOfClass(this.#assignment, requestClass);
    const template = protocol.encode(sample);
    if (protocol.difference !== undefined) return this.#askTwice(number, template, protocol);
    const { outputs } = protocol;
    if (outputs === undefined) throw unreadable(this.#assignment.protocol);
    const outcome = await this.#send(number, template);
    const good = isGrpc(this.#assignment.protocol) ? 0 : 200;
    const found = outcome === 'complete' && this.#status === good ? outputs(this.#body()) : undefined;
    if (found !== undefined && found.length > 0)
      return found.map(({ name, values }) => ({ name, values: [...values] }));
    throw notAnswered(number, outcome === 'complete' ? `status ${this.#status}, or no numbers` : outcome);
  }

  /** What an answer means is not known here; if it says something else each time, there is nothing to compare with. */
  async #askTwice(number: number, template: Template, protocol: Protocol): Promise<Golden> {
    const [first, second] = [
      await this.#whole(number, template, protocol),
      await this.#whole(number, template, protocol),
    ];
    const { tolerance = 0 } = this.#assignment.workload.validate ?? {};
    const difference = protocol.difference?.(second.body, first.body, tolerance);
    if (difference !== undefined || second.status !== first.status) throw everChanging(difference);
    return { status: first.status, body: first.body.toString('base64') };
  }

  async #whole(number: number, template: Template, protocol: Protocol) {
    const outcome = await this.#send(number, template);
    const reader = protocol.reader();
    reader.begin(number);
    const judged = outcome === 'complete' ? reader.finish(this.#status) : outcome;
    if (judged !== 'ok')
      throw notAnswered(number, outcome === 'complete' ? `status ${this.#status}` : outcome);
    return { status: this.#status, body: this.#body() };
  }

  #send(number: number, template: Template): Promise<TransportOutcome> {
    this.#pieces = [];
    return new Promise<TransportOutcome>((resolve) => {
      this.#ended = resolve;
      this.#transport.send(this.#transport.prepare(template), 0, number);
    });
  }

  #body(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  close(): void {
    this.#transport.close();
  }
}

function unreadable(protocol: string): UsageError {
  return new UsageError([
    { field: 'workload.validate', message: `the numbers of an answer cannot be read over ${protocol}` },
  ]);
}

function notAnswered(number: number, how: string): TargetError {
  return new TargetError(
    `Payload ${number}, asked alone to learn its answer, was not answered (${how}).`,
    'Leave workload.validate out to measure without comparing answers.',
  );
}

function everChanging(difference = 'has another status'): UsageError {
  return new UsageError([
    {
      field: 'workload.validate',
      message: `the same request was answered in two ways, one after the other: the second answer ${difference}`,
      advice: 'Answers can be compared only where they are always the same; leave validate out.',
    },
  ]);
}
