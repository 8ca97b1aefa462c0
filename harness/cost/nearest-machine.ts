import type { CaseRecord } from '../record/case-record.ts';
import { isMissing, type Missing } from '../record/figures.ts';
import { ranHere } from '../record/ran-here.ts';
import type { RunRecord } from '../record/run-record.ts';
import type { Basis } from './cost.ts';
import { describesOwnHardware, parseOwnHardware } from './own-hardware.ts';
import {
  type Accelerator,
  type Price,
  type PriceBook,
  type PricedMachine,
  priceOf,
  type Term,
} from './price-book.ts';

/** What the server of a run ran on, as far as the record says. */
export interface RanOn {
  /** A price-book name that the user gave: a label `machine`, or the target's own. */
  readonly declared?: string;
  /** The generator's machine, where the server ran on it too. */
  readonly host?: HostFacts;
  /** The accelerator that did the work; absent for a run on CPUs. */
  readonly accelerator?: Accelerator;
}

export interface HostFacts {
  readonly cpuModel: string;
  /** Logical cores, as a cloud's vCPUs. */
  readonly cores: number;
  readonly memoryGib: number;
}

/** A price for a run, with what it rests on. */
export interface Pricing {
  readonly price: Price;
  readonly basis: Basis;
  /** Why this machine: `the nearest priced machine to this one (2 of 2 cores, 4 of 8 GiB)`. */
  readonly why: string;
  /** What is assumed, in words; absent where the run was measured on the priced machine. */
  readonly whatIf?: string;
}

/**
 * The price for a run: of the machine asked for, or for `auto` of the one that the user said it ran on, or else of
 * the nearest priced one. Throws a UsageError for a name without a price; missing where nothing comparable is priced.
 */
export function choosePricing(
  book: PriceBook,
  asked: { readonly machine: string; readonly term: Term },
  ranOn: RanOn,
): Pricing | Missing {
  if (asked.machine !== 'auto')
    return pricedAs(priceFor(book, asked.machine, asked.term), 'as asked for', ranOn);
  if (ranOn.declared !== undefined) {
    return pricedAs(
      priceFor(book, ranOn.declared, asked.term),
      'the machine that the run is said to have run on',
      ranOn,
    );
  }
  if (ranOn.host === undefined) {
    return { missing: "the server's machine is not known: name it (target.describe.machine, or --price)" };
  }
  const nearest = nearestMachine(book.machines, asked.term, ranOn.host, ranOn.accelerator);
  if (nearest === undefined) {
    return {
      missing: `no machine with ${ranOn.accelerator?.model ?? 'CPUs only'} has a known ${asked.term} price`,
    };
  }
  const { vcpus, memoryGib } = nearest;
  const { cores, memoryGib: here } = ranOn.host;
  const why = `the nearest priced machine to this one (${vcpus} vCPUs for ${cores} cores, ${memoryGib} for ${Math.round(here)} GiB)`;
  return pricedAs(priceOf(book, nearest.name, asked.term), why, ranOn);
}

/** The price of a machine of the book, or of own hardware as it is described. Throws UsageError; never 0. */
export function priceFor(book: PriceBook, machine: string, term: Term): Price {
  if (!describesOwnHardware(machine)) return priceOf(book, machine, term);
  const own = parseOwnHardware(machine);
  return priceOf({ machines: [own] }, own.name, 'own');
}

function pricedAs(price: Price, why: string, ranOn: RanOn): Pricing {
  const [declared] = ranOn.declared?.split(':') ?? [];
  if (declared === price.machine.name) return { price, basis: 'measured-on-this-machine', why };
  return { price, basis: 'assumed-same-throughput', why, whatIf: whatIfWords(price.machine, ranOn) };
}

function whatIfWords(
  { name, accelerator }: PricedMachine,
  { declared, host, accelerator: ran }: RanOn,
): string {
  const place =
    declared ??
    (host === undefined
      ? 'an unknown machine'
      : `${host.cpuModel} (${host.cores} cores, ${Math.round(host.memoryGib)} GiB)`);
  const measured = `measured on ${place}${ran === undefined ? ', on its CPUs' : ` with ${ran.model}`}`;
  const differs =
    accelerator !== undefined && !sameAccelerator(accelerator, ran)
      ? `; the ${accelerator.model} of ${name} did no work`
      : '';
  return `${measured}, not on ${name}: the same throughput is assumed${differs}`;
}

/**
 * The nearest by cores, then memory, each as a ratio, then price. A run on CPUs is only ever compared with machines
 * without accelerators, and a run on an accelerator with machines of the same one, by their number first.
 */
export function nearestMachine(
  machines: readonly PricedMachine[],
  term: Term,
  host: HostFacts,
  ran?: Accelerator,
): PricedMachine | undefined {
  const ranked = machines
    .filter((machine) => machine.usdPerHour[term] !== undefined && machine.vcpus !== undefined)
    .filter(({ accelerator }) =>
      ran === undefined ? accelerator === undefined : sameAccelerator(accelerator, ran),
    )
    .map((machine) => ({
      machine,
      distance: [
        apart(machine.accelerator?.count ?? 1, ran?.count ?? 1),
        ran === undefined ? 0 : -wordsOf(machine.accelerator?.model ?? '').length,
        apart(machine.vcpus ?? host.cores, host.cores),
        apart(machine.memoryGib ?? host.memoryGib, host.memoryGib),
        machine.usdPerHour[term] ?? 0,
      ],
    }));
  return ranked.sort((a, b) => compareLists(a.distance, b.distance))[0]?.machine;
}

function apart(a: number, b: number): number {
  return Math.abs(Math.log2(a / b));
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => Math.abs(value - (b[index] ?? 0)) > 1e-9);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** A price list's `NVIDIA A100 80GB` is the driver's `NVIDIA A100-SXM4-80GB`: all of its words are in the latter. */
function sameAccelerator(priced: Accelerator | undefined, ran: Accelerator | undefined): boolean {
  if (priced === undefined || ran === undefined) return false;
  const words = wordsOf(ran.model);
  return wordsOf(priced.model).every((word) => words.includes(word));
}

const VENDORS = ['nvidia', 'tesla', 'amd', 'instinct', 'geforce', 'quadro'];

function wordsOf(model: string): string[] {
  return model
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '' && !VENDORS.includes(word));
}

/** What a record says about where its server ran. */
export function ranOnOf(record: Pick<RunRecord, 'environment' | 'labels' | 'cases'>): RanOn {
  const [first] = record.cases;
  const declared = record.labels.machine ?? textOf(first?.target.requested.machine);
  const host = first === undefined || ranHere(first) ? hostOf(record.environment) : undefined;
  const accelerator = first === undefined ? undefined : acceleratorOf(first);
  return {
    ...(declared === undefined ? {} : { declared }),
    ...(host === undefined ? {} : { host }),
    ...(accelerator === undefined ? {} : { accelerator }),
  };
}

function hostOf(environment: RunRecord['environment']): HostFacts | undefined {
  const { cpuModel, cpuCores, memoryGiB } = environment;
  if (typeof cpuCores !== 'number' || typeof memoryGiB !== 'number') return undefined;
  return { cpuModel: textOf(cpuModel) ?? 'an unnamed CPU', cores: cpuCores, memoryGib: memoryGiB };
}

const GPU_PROVIDERS = ['cuda', 'tensorrt', 'webgpu'];

function acceleratorOf({ target, utilization }: CaseRecord): Accelerator | undefined {
  const provider = textOf(target.effective.providerRan) ?? '';
  const [device] = isMissing(utilization.gpu) ? [] : utilization.gpu;
  if (device === undefined || !GPU_PROVIDERS.includes(provider)) return undefined;
  return { model: device.name, count: 1 };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
