import { isMissing } from '../record/figures.ts';
import type { Replica, RunningBalancer } from './balancer.ts';
import type { ChangeOutcome, RunningTarget, ServerStatistics, Target } from './target.ts';

/** How long a replica that is replaced may take to answer what it has. */
const DRAIN_MS = 10_000;

interface Member extends Replica {
  /** From 1; of two in one position the earlier is being replaced. */
  readonly position: number;
  readonly running: RunningTarget;
  /** Its end is no surprise. */
  leaving: boolean;
}

/** The replicas behind a balancer: starts, kills and replaces them. One change at a time. */
export class ReplicaSet {
  /** Resolves with the reason when a replica goes away that nobody asked to. */
  readonly died: Promise<string>;
  readonly #make: (position: number) => Target;
  #tellDeath: (reason: string) => void = () => {};
  #members: readonly Member[] = [];
  #gone: readonly ServerStatistics[] = [];
  #lost = 0;
  #started = 0;
  #changing: Promise<unknown> = Promise.resolve();

  /** `make`: a replica for a position, which may have cores of its own. */
  constructor(make: (position: number) => Target) {
    this.#make = make;
    this.died = new Promise((resolve) => {
      this.#tellDeath = resolve;
    });
  }

  /** Last counters of the replicas that were replaced. */
  get gone(): readonly ServerStatistics[] {
    return this.#gone;
  }

  /** Replicas whose counters nobody could read any more. */
  get lost(): number {
    return this.#lost;
  }

  running(): readonly RunningTarget[] {
    return this.#members.map(({ running }) => running);
  }

  addresses(): readonly Replica[] {
    return this.#members.map(addressOf);
  }

  /** Starts a replica in this position. Throws TargetError. */
  async start(position: number): Promise<Replica> {
    const running = await this.#make(position).start();
    const name = `r${++this.#started}`;
    const member: Member = { name, url: running.endpoint.url, position, running, leaving: false };
    this.#members = [...this.#members, member];
    void running.died.then((reason) => {
      if (!member.leaving) this.#tellDeath(`replica ${position}: ${reason}`);
    });
    return addressOf(member);
  }

  /** SIGKILL, which the balancer must find out by itself; then another one takes its place. */
  kill(position: number, balancer: RunningBalancer): Promise<ChangeOutcome> {
    return this.#change(position, async (member) => {
      const beganMs = performance.now();
      member.leaving = true;
      this.#without(member);
      this.#lost += 1;
      process.kill(pidOf(member), 'SIGKILL');
      await member.running.died;
      await balancer.add(await this.start(position));
      await balancer.remove(member.name, 0);
      return { done: `killed; another one took its place after ${secondsSince(beganMs)}` };
    });
  }

  /** The new one is there before the old one gets nothing more; what the old one has got it answers. */
  replace(position: number, balancer: RunningBalancer): Promise<ChangeOutcome> {
    return this.#change(position, async (member) => {
      const beganMs = performance.now();
      await balancer.add(await this.start(position));
      const idle = await balancer.remove(member.name, DRAIN_MS);
      member.leaving = true;
      const last = await member.running.statistics();
      if (isMissing(last)) this.#lost += 1;
      else this.#gone = [...this.#gone, last];
      this.#without(member);
      await member.running.stop();
      if (idle) return { done: `replaced within ${secondsSince(beganMs)}` };
      return { failed: `stopped with requests that it had not answered after ${DRAIN_MS / 1000} s` };
    });
  }

  /** Waits for a change that is under way: it may be starting a replica. */
  async stop(): Promise<void> {
    await this.#changing;
    for (const member of this.#members) member.leaving = true;
    await Promise.all(this.running().map((running) => running.stop()));
  }

  #change(position: number, how: (member: Member) => Promise<ChangeOutcome>): Promise<ChangeOutcome> {
    const change = this.#changing.then(async () => {
      const member = this.#members.find((one) => one.position === position);
      if (member === undefined) return { failed: `there is no replica ${position}` };
      return how(member).catch((cause: unknown) => ({ failed: (cause as Error).message }));
    });
    this.#changing = change;
    return change;
  }

  #without(member: Member): void {
    this.#members = this.#members.filter((one) => one !== member);
  }
}

function addressOf({ name, url }: Member): Replica {
  return { name, url };
}

function pidOf({ running }: Member): number {
  if (running.pid === undefined) throw new Error('a replica is a process of ours');
  return running.pid;
}

function secondsSince(beganMs: number): string {
  return `${((performance.now() - beganMs) / 1000).toFixed(1)} s`;
}
