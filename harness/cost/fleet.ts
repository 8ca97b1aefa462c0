import type { Ranged } from './cost.ts';

import type { Traffic } from './traffic.ts';

/** Hours of the month that every bill is counted in. */
export const HOURS_PER_MONTH = 730;

/** What is held back. */
export interface Reserve {
  /** Share of each machine's capacity that is left free at the planned rate: 0.3. */
  readonly headroom: number;
  /** Machines that may fail without breaking the promise at the planned rate. */
  readonly spare: number;
}

/**
 * Machines for a rate, in the unit of the capacity. The two reserves are not stacked: the larger need counts.
 *
 *   max( ceil(rate / (capacity x (1 - headroom))),  ceil(rate / capacity) + spare )
 */
export function machinesFor(rate: number, capacity: number, { headroom, spare }: Reserve): number {
  return Math.max(ceil(rate / (capacity * (1 - headroom))), ceil(rate / capacity) + spare);
}

/** Rounds up, but not because of the last bits of a product such as 400 x (1 - 0.3). */
function ceil(value: number): number {
  return Math.ceil(value - 1e-9);
}

export interface Fleet {
  readonly machines: number;
  readonly usdPerMonth: number;
  /** USD per 1,000 predictions really served. */
  readonly usdPer1000: number;
  /** Mean rate / what the machines can carry. */
  readonly utilization: number;
  /** How many times the price at full use this is, and what makes it so; the causes multiply to the factor. */
  readonly factor: number;
  readonly causes: readonly Cause[];
}

export interface Cause {
  readonly name: 'idle' | 'headroom' | 'spare';
  readonly factor: number;
  /** In words: what is paid for here. */
  readonly meaning: string;
}

export interface FleetPlan extends Fleet {
  /** The same at both ends of the capacity's interval; absent without an interval. */
  readonly range?: { readonly low: Fleet; readonly high: Fleet };
}

export interface FleetInput {
  readonly traffic: Traffic;
  /** Capacity of one machine at the SLO, in requests/s as the traffic. */
  readonly capacity: Ranged;
  readonly usdPerHour: number;
  readonly reserve: Reserve;
  readonly rowsPerRequest: number;
}

/** A fleet that is sized for the peak and always on. */
export function planFleet(input: FleetInput): FleetPlan {
  const { low, high } = input.capacity;
  const plan = fleetAt(input, input.capacity.value);
  if (low === undefined || high === undefined) return plan;
  return { ...plan, range: { low: fleetAt(input, high), high: fleetAt(input, low) } };
}

function fleetAt({ traffic, usdPerHour, reserve, rowsPerRequest }: FleetInput, capacity: number): Fleet {
  const machines = machinesFor(traffic.peakPerS, capacity, reserve);
  const usdPerMonth = machines * usdPerHour * HOURS_PER_MONTH;
  const utilization = traffic.meanPerS / (machines * capacity);
  return {
    machines,
    usdPerMonth,
    usdPer1000: (usdPerMonth / predictionsPerMonth(traffic, rowsPerRequest)) * 1000,
    utilization,
    factor: 1 / utilization,
    causes: causesOf(traffic, capacity, reserve, machines),
  };
}

/** Adds one reserve after the other, so that the factors multiply to the whole. */
function causesOf(traffic: Traffic, capacity: number, reserve: Reserve, machines: number): Cause[] {
  const bare = machinesFor(traffic.peakPerS, capacity, { headroom: 0, spare: 0 });
  const withHeadroom = machinesFor(traffic.peakPerS, capacity, { ...reserve, spare: 0 });
  const peak = (traffic.peakPerS / traffic.meanPerS).toFixed(1);
  return [
    {
      name: 'idle',
      factor: (bare * capacity) / traffic.meanPerS,
      meaning: `whole machines for a peak of ${peak} times the mean`,
    },
    {
      name: 'headroom',
      factor: withHeadroom / bare,
      meaning: `${Math.round(reserve.headroom * 100)} % of each machine left free`,
    },
    { name: 'spare', factor: machines / withHeadroom, meaning: `${reserve.spare} may fail at the peak` },
  ];
}

export interface AutoscaledDay {
  readonly machineHoursPerDay: number;
  readonly usdPerMonth: number;
  readonly usdPer1000: number;
  /** Machines in each segment of the day. */
  readonly machines: readonly number[];
}

/**
 * An ideal autoscaler: each segment of the day has exactly its machines, at once and without boot time, so no
 * real one is cheaper. At least one machine stays on.
 */
export function idealAutoscaling(input: FleetInput): AutoscaledDay {
  const { traffic, capacity, usdPerHour, reserve, rowsPerRequest } = input;
  const machines = traffic.segments.map(({ requestsPerS }) =>
    Math.max(1, machinesFor(requestsPerS, capacity.value, reserve)),
  );
  const machineHoursPerDay = traffic.segments.reduce(
    (sum, { hours }, index) => sum + hours * (machines[index] ?? 0),
    0,
  );
  const usdPerMonth = machineHoursPerDay * usdPerHour * (HOURS_PER_MONTH / 24);
  return {
    machineHoursPerDay,
    usdPerMonth,
    usdPer1000: (usdPerMonth / predictionsPerMonth(traffic, rowsPerRequest)) * 1000,
    machines,
  };
}

export function predictionsPerMonth(traffic: Traffic, rowsPerRequest: number): number {
  return traffic.meanPerS * rowsPerRequest * 3600 * HOURS_PER_MONTH;
}
