import { hostAndPort, type Outcomes, type ReplicaAddress, type ReplicaStatus } from './balancer.ts';
import { chooseReplica, type Policy } from './policy.ts';
import { ReplicaConnections } from './replica-connections.ts';

/** A replica as the balancer keeps it. */
export interface Replica extends ReplicaAddress {
  readonly host: string;
  readonly port: number;
  readonly connections: ReplicaConnections;
  up: boolean;
  leaving: boolean;
  inFlight: number;
  forwarded: number;
  /** Called when the last request in flight has ended. */
  onIdle: (() => void) | undefined;
}

export type Outcome = keyof Outcomes;

/** The replicas behind the balancer, who gets the next request, and what became of every one. */
export class ReplicaTable {
  readonly #policy: Policy;
  readonly #onDown: (replica: Replica) => void;
  readonly #random: () => number;
  readonly #replicas: Replica[] = [];
  readonly #outcomes = { answered: 0, failed: 0, refused: 0, cancelled: 0 };
  #arrivals = 0;
  #last = -1;

  /** `onDown`: told of a replica that could not be reached; it gets nothing until somebody sets it `up` again. */
  constructor(policy: Policy, onDown: (replica: Replica) => void, random: () => number = Math.random) {
    this.#policy = policy;
    this.#onDown = onDown;
    this.#random = random;
  }

  get arrivals(): number {
    return this.#arrivals;
  }

  get outcomes(): Outcomes {
    return { ...this.#outcomes };
  }

  find(name: string): Replica | undefined {
    return this.#replicas.find((replica) => replica.name === name);
  }

  add(address: ReplicaAddress): Replica {
    const { host, port } = hostAndPort(address);
    const connections = new ReplicaConnections(host, port);
    const counters = { up: true, leaving: false, inFlight: 0, forwarded: 0, onIdle: undefined };
    const replica: Replica = { ...address, host, port, connections, ...counters };
    this.#replicas.push(replica);
    return replica;
  }

  /** It is none of ours any more; what it has not answered yet it still may. */
  forget(replica: Replica): void {
    const index = this.#replicas.indexOf(replica);
    if (index < 0) return;
    this.#replicas.splice(index, 1);
    // Who was next stays next.
    if (index <= this.#last) this.#last -= 1;
    replica.connections.close();
  }

  arrived(): void {
    this.#arrivals += 1;
  }

  ended(outcome: Outcome): void {
    this.#outcomes[outcome] += 1;
  }

  /** Gives the next request to a replica; undefined where none takes any. */
  take(): Replica | undefined {
    const index = chooseReplica(this.#policy, this.#replicas, this.#last, this.#random);
    const replica = index === undefined ? undefined : this.#replicas[index];
    if (index === undefined || replica === undefined) return undefined;
    this.#last = index;
    replica.inFlight += 1;
    replica.forwarded += 1;
    return replica;
  }

  release(replica: Replica): void {
    replica.inFlight -= 1;
    if (replica.inFlight === 0) replica.onIdle?.();
  }

  /** Given to it, but it could not be reached: another one gets the request. */
  takeBack(replica: Replica): void {
    replica.forwarded -= 1;
    this.release(replica);
    if (!replica.up) return;
    replica.up = false;
    this.#onDown(replica);
  }

  status(): ReplicaStatus[] {
    return this.#replicas.map(({ name, url, up, leaving, inFlight, forwarded }) => ({
      name,
      url,
      state: leaving ? 'leaving' : up ? 'up' : 'down',
      inFlight,
      forwarded,
    }));
  }

  /** Every connection to every replica. */
  close(): void {
    for (const { connections } of this.#replicas) connections.close();
  }
}
