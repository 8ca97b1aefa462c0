import type { Answer, CacheState, KeptAnswer, LocalStore } from './answer-store.ts';
import { type LeavingCause, LruStore, type StoreLimits } from './lru-store.ts';

/** What the objects around an answer, and around each of its tensors, take beside the tensors' bytes: about. */
const ANSWER_BYTES = 512;
const TENSOR_BYTES = 256;

/** Answers in this process's memory, within a number of bytes. */
export class LocalAnswers implements LocalStore {
  readonly where = 'here';
  readonly #limits: StoreLimits;
  readonly #kept: LruStore<KeptAnswer>;

  constructor(limits: StoreLimits, onLeaving: (cause: LeavingCause) => void) {
    this.#limits = limits;
    this.#kept = new LruStore(limits, onLeaving);
  }

  get(key: string, nowMs: number): KeptAnswer | undefined {
    return this.#kept.get(key, nowMs);
  }

  keep(key: string, { outputs, beganAtMs }: KeptAnswer, nowMs: number): void {
    const owned = ownBytes(outputs);
    this.#kept.set(key, { outputs: owned, beganAtMs }, sizeOf(owned), nowMs);
  }

  state(): CacheState {
    const { entries, bytes } = this.#kept;
    return { kind: 'local', entries, bytes, maxBytes: this.#limits.maxBytes };
  }

  async flush(): Promise<void> {
    this.#kept.clear();
  }
}

/** A view would keep the whole of what it is a view on. */
function ownBytes(answer: Answer): Answer {
  return answer.map((tensor) =>
    tensor.data.byteLength === tensor.data.buffer.byteLength
      ? tensor
      : { ...tensor, data: new Uint8Array(tensor.data) },
  );
}

function sizeOf(answer: Answer): number {
  return answer.reduce((sum, { data }) => sum + TENSOR_BYTES + data.byteLength, ANSWER_BYTES);
}
