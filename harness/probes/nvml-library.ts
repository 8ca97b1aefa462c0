import koffi from 'koffi';
import type { Missing } from '../record/figures.ts';

/** NVIDIA's management library, which comes with the driver. */
export interface Nvml {
  readonly driverVersion: string | undefined;
  readonly devices: readonly NvmlDevice[];
  close(): void;
}

export interface NvmlDevice {
  readonly index: number;
  readonly name: string;
  /** Each reads now; a number, or why there is none. Never throws. */
  readonly utilizationPct: () => number | Missing;
  readonly memoryUsedMiB: () => number | Missing;
  readonly memoryTotalMiB: () => number | Missing;
  readonly powerW: () => number | Missing;
  readonly smClockMHz: () => number | Missing;
  /** A mask, see `throttleReasons`. */
  readonly throttleMask: () => number | Missing;
}

const DEFAULT_LIBRARY = process.platform === 'win32' ? 'nvml.dll' : 'libnvidia-ml.so.1';
const SM_CLOCK = 1;
const SUCCESS = 0;

/** Codes of nvmlReturn_t that a healthy program meets, in words. */
const CODES: Readonly<Record<number, string>> = {
  3: 'not supported by this device',
  4: 'no permission',
  6: 'not found',
  9: 'the driver is not loaded',
  13: 'this driver does not have the function',
  15: 'the GPU has been lost',
  18: 'the driver and its library have different versions',
};

/**
 * Opens the library, or says why there is none. `INFEROMETER_NVML` names another file than the system's.
 * The handle of a device is an opaque pointer: carried as a 64-bit number.
 */
export function openNvml(file = process.env.INFEROMETER_NVML ?? DEFAULT_LIBRARY): Nvml | Missing {
  const library = load(file);
  if (library === undefined) return { missing: `No NVIDIA driver library found (${file})` };
  const begun = library.call('int nvmlInit_v2()');
  if (begun !== SUCCESS) return { missing: `The NVIDIA driver does not answer (${words(begun)})` };
  const count = out(4);
  const counted = library.call('int nvmlDeviceGetCount_v2(void *)', count);
  const devices =
    counted === SUCCESS
      ? Array.from({ length: count.readUInt32LE() }, (_, index) => openDevice(library, index))
      : [];
  const close = () => {
    library.call('int nvmlShutdown()');
  };
  if (devices.length > 0) return { driverVersion: readDriverVersion(library), devices, close };
  close();
  return {
    missing:
      counted === SUCCESS
        ? 'The NVIDIA driver lists no GPU'
        : `The NVIDIA driver does not list its GPUs (${words(counted)})`,
  };
}

/** One lookup a function, at its first call; a function that the library lacks answers code 13. */
interface Library {
  call(prototype: string, ...parameters: unknown[]): number;
}

function load(file: string): Library | undefined {
  let handle: ReturnType<typeof koffi.load>;
  try {
    handle = koffi.load(file);
  } catch {
    return undefined;
  }
  const found = new Map<string, (...parameters: unknown[]) => number>();
  const lookUp = (prototype: string) => {
    try {
      return handle.func(prototype) as (...parameters: unknown[]) => number;
    } catch {
      return () => 13;
    }
  };
  return {
    call(prototype, ...parameters) {
      const known = found.get(prototype) ?? lookUp(prototype);
      found.set(prototype, known);
      return known(...parameters);
    },
  };
}

function readDriverVersion(library: Library): string | undefined {
  const text = out(80);
  const code = library.call('int nvmlSystemGetDriverVersion(void *, uint32_t)', text, text.length);
  return code === SUCCESS ? cString(text) : undefined;
}

function openDevice(library: Library, index: number): NvmlDevice {
  const handle = out(8);
  const opened = library.call('int nvmlDeviceGetHandleByIndex_v2(uint32_t, void *)', index, handle);
  const device = handle.readBigUInt64LE();

  /** Calls `name(device, [extra,] out)` and takes the value out of the buffer. */
  function reader(
    name: string,
    bytes: number,
    take: (value: Buffer) => number,
    extra: readonly number[] = [],
  ) {
    const value = out(bytes);
    const prototype = `int ${name}(uint64_t${', uint32_t'.repeat(extra.length)}, void *)`;
    return (): number | Missing => {
      const code = opened === SUCCESS ? library.call(prototype, device, ...extra, value) : opened;
      return code === SUCCESS ? take(value) : { missing: words(code) };
    };
  }

  const mebibytes = (offset: number) => (value: Buffer) => Number(value.readBigUInt64LE(offset)) / 2 ** 20;
  return {
    index,
    name: readName(library, device) ?? `GPU ${index}`,
    // nvmlUtilization_t {uint32 gpu, uint32 memory}
    utilizationPct: reader('nvmlDeviceGetUtilizationRates', 8, (value) => value.readUInt32LE(0)),
    // nvmlMemory_t {uint64 total, uint64 free, uint64 used}
    memoryTotalMiB: reader('nvmlDeviceGetMemoryInfo', 24, mebibytes(0)),
    memoryUsedMiB: reader('nvmlDeviceGetMemoryInfo', 24, mebibytes(16)),
    powerW: reader('nvmlDeviceGetPowerUsage', 4, (value) => value.readUInt32LE() / 1000),
    smClockMHz: reader('nvmlDeviceGetClockInfo', 4, (value) => value.readUInt32LE(), [SM_CLOCK]),
    throttleMask: reader('nvmlDeviceGetCurrentClocksThrottleReasons', 8, (value) =>
      Number(value.readBigUInt64LE()),
    ),
  };
}

function readName(library: Library, device: bigint): string | undefined {
  const text = out(96);
  const code = library.call('int nvmlDeviceGetName(uint64_t, void *, uint32_t)', device, text, text.length);
  return code === SUCCESS ? cString(text) : undefined;
}

function out(bytes: number): Buffer {
  return Buffer.alloc(bytes);
}

function cString(text: Buffer): string {
  return text.toString('utf8', 0, text.indexOf(0));
}

function words(code: number): string {
  return CODES[code] ?? `NVML error ${code}`;
}

/** Bits of nvmlClocksThrottleReasons; idle and application settings are no fault, but they explain a clock. */
const THROTTLE_REASONS: readonly [bit: number, name: string][] = [
  [0x1, 'idle'],
  [0x2, 'application clocks'],
  [0x4, 'power cap'],
  [0x8, 'hardware slowdown'],
  [0x10, 'sync boost'],
  [0x20, 'thermal, by software'],
  [0x40, 'thermal, by hardware'],
  [0x80, 'power brake'],
  [0x100, 'display clocks'],
];

export function throttleReasons(mask: number): string[] {
  return THROTTLE_REASONS.filter(([bit]) => (mask & bit) !== 0).map(([, name]) => name);
}
