import type { InferContext, InferRequest } from '../infer.ts';
import type { LoadedVersion, ModelLease } from '../models/loaded-version.ts';
import type { ModelSignature } from '../models/model-signature.ts';
import type { ServedModel } from '../models/served-model.ts';
import { newTimings } from '../telemetry/timings.ts';
import type { ShadowSettings } from './routing-settings.ts';

/**
 * Gives one version copies of the requests that others answer. Nobody gets its answers, and nobody waits for them; they
 * are counted by how they ended, in the statistics of that version, and so are requests that should have been copied and
 * were not, for want of room or because that version takes other inputs.
 */
export class Shadow {
  readonly settings: ShadowSettings;
  readonly #find: (version: string) => LoadedVersion | undefined;
  readonly #leases = new WeakMap<LoadedVersion, ModelLease>();
  #requests = 0;
  #inFlight = 0;

  /** `find`: the version of that number or label, if it runs now. */
  constructor(settings: ShadowSettings, find: (version: string) => LoadedVersion | undefined) {
    this.settings = settings;
    this.#find = find;
  }

  /** The same lease, the requests of which are copied. */
  behind(loaded: LoadedVersion): ModelLease {
    const lease = this.#leases.get(loaded) ?? {
      model: this.#copying(loaded),
      release: () => loaded.release(),
    };
    this.#leases.set(loaded, lease);
    return lease;
  }

  #copying({ model }: LoadedVersion): ServedModel {
    return {
      ...model,
      infer: (request, context) => {
        // The request itself comes first.
        const answer = model.infer(request, context);
        this.#copy(model, request, context);
        return answer;
      },
    };
  }

  #copy(from: ServedModel, request: InferRequest, { receivedAtMs }: InferContext): void {
    if (!isCopied(this.settings.share, this.#requests++)) return;
    const lease = this.#find(this.settings.version)?.lease();
    if (lease === undefined) return;
    const { shadow } = lease.model.statistics;
    const isSelf = lease.model === from;
    const hasRoom = this.#inFlight < this.settings.maxInFlight;
    if (isSelf || !hasRoom || !takesTheSame(lease.model.signature, from.signature)) {
      if (!isSelf) shadow.skipped++;
      lease.release();
      return;
    }
    this.#inFlight++;
    shadow.copied++;
    // Its outputs may have other names.
    const { outputs: _, ...copy } = request;
    lease.model
      .infer(copy, { receivedAtMs, timings: newTimings() })
      .then(
        () => {
          shadow.ok++;
        },
        () => {
          shadow.failed++;
        },
      )
      .finally(() => {
        this.#inFlight--;
        lease.release();
      });
  }
}

/** Evenly, and without a pattern in common with the split, which has a sequence of its own. */
function isCopied(share: number, n: number): boolean {
  return share >= 1 || (n * (Math.SQRT2 - 1)) % 1 < share;
}

function takesTheSame(one: ModelSignature, other: ModelSignature): boolean {
  if (one === other) return true;
  const inputs = ({ inputs: all }: ModelSignature) =>
    JSON.stringify(all.map(({ name, datatype, shape }) => [name, datatype, shape]));
  return one.maxRows >= other.maxRows && inputs(one) === inputs(other);
}
