/** What a transport was found doing that it must not. */
export class FuzzFailure extends Error {}

/** What became of a request: as a transport tells it, or as the reference readers say that it must be. */
export interface Fate {
  outcome: string | undefined;
  /** 0 where none was told. */
  status: number;
  /** As latin1. */
  body: string;
  /** Whole messages, where the transport knows messages. */
  messages: number;
  /** The first connection was 0. -1: it was never written. */
  connection: number;
}

/** Throws when a request fared otherwise than `expected`; `how`: what the bytes went through. */
export function expectFates(expected: readonly Fate[], told: readonly Fate[], how: string): void {
  const differs =
    told.length !== expected.length || told.some((fate, slot) => !isAlike(fate, expected[slot]));
  if (!differs) return;
  const lines = (fates: readonly Fate[]) => fates.map(described).join('\n');
  throw new FuzzFailure(`it must be:\n${lines(expected)}\n${how}, it is:\n${lines(told)}`);
}

function isAlike(one: Fate, other: Fate | undefined): boolean {
  return (
    one.outcome === other?.outcome &&
    one.status === other?.status &&
    one.messages === other.messages &&
    one.connection === other.connection &&
    one.body === other.body
  );
}

const SHOWN = 200;

function described({ outcome, status, body, messages, connection }: Fate, slot: number): string {
  const shown = JSON.stringify(body.slice(0, SHOWN));
  return (
    `  request ${slot}: ${outcome}, status ${status}, ${messages} messages, on connection ${connection}, ` +
    `${body.length} bytes ${shown}`
  );
}
