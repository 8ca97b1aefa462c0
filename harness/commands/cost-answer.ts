import type { Ranged } from '../cost/cost.ts';
import type { AutoscaledDay, FleetPlan, Reserve } from '../cost/fleet.ts';
import type { Pricing } from '../cost/nearest-machine.ts';
import type { Traffic } from '../cost/traffic.ts';

/** All that the cost command found; its JSON. */
export interface CostAnswer {
  readonly run: { readonly id: string; readonly scenario: string; readonly slo: readonly string[] };
  readonly pricing: Pricing;
  /** Generator and server shared the machine, so the server had less than all of what is priced. */
  readonly sharedCores: boolean;
  readonly settings: readonly PricedSetting[];
  readonly fleet?: FleetAnswer & { readonly reserve: Reserve };
}

/** One setting's capacity and its price; `why` says what stands in the way of one. */
export interface PricedSetting {
  readonly axes: Readonly<Record<string, string>>;
  readonly requestsPerS?: number;
  readonly usdPer1000?: number;
  readonly why?: string;
  /** Price at the closed pass's throughput: what a sticker would say, and nobody can promise. */
  readonly usdPer1000AtSaturation?: number;
}

/** The machines that carry a traffic at a setting's capacity. */
export interface FleetAnswer {
  readonly axes: Readonly<Record<string, string>>;
  readonly traffic: Traffic;
  readonly capacity: Ranged;
  readonly plan: FleetPlan;
  /** For a day with hours of different rates. */
  readonly autoscaled?: AutoscaledDay;
}
