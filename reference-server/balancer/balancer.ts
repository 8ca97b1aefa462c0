import { z } from 'zod';
import { POLICIES, type Policy } from './policy.ts';

export const BALANCER_KINDS = ['inferometer', 'haproxy', 'nginx'] as const;
export type BalancerKind = (typeof BALANCER_KINDS)[number];

/** A server process behind the balancer. */
export const replicaAddress = z.strictObject({
  /** Letters, digits and dashes: it becomes part of other programs' configuration. */
  name: z.string().regex(/^[\w-]+$/, 'may only hold letters, digits, "_" and "-"'),
  /** `http://host:port`, or `grpc://host:port`. */
  url: z.string().regex(/^(http|grpc):\/\/[^/]+:\d+$/, 'must be http://host:port or grpc://host:port'),
});
export type ReplicaAddress = z.infer<typeof replicaAddress>;

/** What a balancer process is started with. */
export const balancerConfig = z.strictObject({
  kind: z.enum(BALANCER_KINDS).default('inferometer'),
  policy: z.enum(POLICIES).default('leastInFlight'),
  /** What clients and replicas speak: HTTP/1.1, or gRPC over HTTP/2 without TLS. */
  speaks: z.enum(['http', 'grpc']).default('http'),
  host: z.string().min(1).default('127.0.0.1'),
  replicas: z.array(replicaAddress).default([]),
  /** Room for so many replicas at once, those that are being replaced included. */
  atMost: z.int().min(1).max(1024).default(64),
});
export type BalancerConfig = z.infer<typeof balancerConfig>;

export interface ReplicaStatus extends ReplicaAddress {
  /** `down`: it does not accept connections. `leaving`: it gets nothing new. Absent, as those below, where nobody says. */
  readonly state?: 'up' | 'down' | 'leaving';
  readonly inFlight?: number;
  /** Requests that were given to it. */
  readonly forwarded?: number;
}

export interface BalancerStatus {
  readonly kind: BalancerKind;
  readonly policy: Policy;
  /** Requests that reached the front door, whatever became of them. */
  readonly arrivals: number;
  /** Ours tells them apart: arrivals = answered + failed + refused + cancelled + those in flight. */
  readonly outcomes?: Outcomes;
  readonly replicas: readonly ReplicaStatus[];
}

export interface Outcomes {
  /** By a replica, whatever its status. */
  readonly answered: number;
  /** The replica went away with the request. */
  readonly failed: number;
  /** No replica took it, or it was too large. */
  readonly refused: number;
  /** The client went away first. */
  readonly cancelled: number;
}

/** A front door before several replicas. What it is asked to do is told at its control door, see control.ts. */
export interface Balancer {
  /** Where clients connect. */
  readonly url: string;
  /** Takes a replica in; resolves when it gets requests. */
  add(replica: ReplicaAddress): Promise<void>;
  /**
   * Gives a replica nothing new, waits `withinMs` at most until it has answered what it got, and forgets it. Resolves
   * with whether it had answered everything.
   */
  remove(name: string, withinMs: number): Promise<boolean>;
  status(): Promise<BalancerStatus>;
  /** Resolves with the reason when it goes away by itself. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

/** Where clients of our own balancer connect: gives requests to replicas and counts what becomes of them. */
export interface FrontDoor {
  /** Answers the URL. */
  listen(host: string, port: number): Promise<string>;
  /** Takes no new connections, waits for what is under way (bounded), closes every connection. */
  drain(atMostMs: number): Promise<void>;
}

/** Host and port of a replica. */
export function hostAndPort({ url }: ReplicaAddress): { host: string; port: number } {
  const { hostname, port } = new URL(url.replace(/^grpc:/, 'http:'));
  return { host: hostname, port: Number(port) };
}
