/** How one input's values are drawn. Written in scenarios as `normal(0, 1)`, `ints(0, 30521)`. */
export type Distribution =
  | { readonly kind: 'normal'; readonly mean: number; readonly deviation: number }
  | { readonly kind: 'uniform'; readonly from: number; readonly to: number }
  /** Whole numbers, both ends included. */
  | { readonly kind: 'ints'; readonly from: number; readonly to: number }
  | { readonly kind: 'constant'; readonly value: number };

/** What a scenario may write, for messages. */
export const DISTRIBUTION_FORMS = [
  'normal(mean, deviation)',
  'uniform(from, to)',
  'ints(from, to)',
  'constant(value)',
] as const;

/** `undefined` when the text is none of DISTRIBUTION_FORMS, or its numbers make no sense (from above to). */
export function parseDistribution(text: string): Distribution | undefined {
  const match = /^\s*([a-z]+)\s*\(([^()]*)\)\s*$/.exec(text);
  if (match === null) return undefined;
  const numbers = (match[2] ?? '').split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!numbers.every(Number.isFinite)) return undefined;
  const [first = Number.NaN, second = Number.NaN] = numbers;
  if (match[1] === 'constant') return numbers.length === 1 ? { kind: 'constant', value: first } : undefined;
  return numbers.length === 2 ? twoNumbers(match[1] ?? '', first, second) : undefined;
}

function twoNumbers(kind: string, first: number, second: number): Distribution | undefined {
  switch (kind) {
    case 'normal':
      return second > 0 ? { kind, mean: first, deviation: second } : undefined;
    case 'uniform':
      return first < second ? { kind, from: first, to: second } : undefined;
    case 'ints':
      return Number.isSafeInteger(first) && Number.isSafeInteger(second) && first <= second
        ? { kind, from: first, to: second }
        : undefined;
    default:
      return undefined;
  }
}
