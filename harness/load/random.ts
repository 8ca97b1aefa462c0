/** Uniform in [0, 1) with 53 random bits. */
export type Random = () => number;

/**
 * sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state with a counter in it, so every seed has a period of at
 * least 2^32 draws and 2^127 on average; passes PractRand and BigCrush. Seeded through splitmix32, so neighbouring
 * seeds and streams share nothing. The same seed and stream give the same numbers on every machine.
 */
export function seededRandom(seed: number, stream = 0): Random {
  const next = splitmix32(seed ^ Math.imul(stream, 0x9e3779b1) ^ Math.floor(seed / 0x1_0000_0000));
  let a = next();
  let b = next();
  let c = next() ^ stream;
  let counter = 1;

  const draw32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  // The author's advice: the first dozen draws mix a poor seed.
  for (let round = 0; round < 12; round++) draw32();
  return () => ((draw32() >>> 5) * 0x400_0000 + (draw32() >>> 6)) / 0x20_0000_0000_0000;
}

/** Exponential with mean 1, by inversion. Never infinite: the draw is below 1. */
export function exponential(random: Random): number {
  return -Math.log1p(-random());
}

/** Standard normal by Box and Muller's polar method; draws about 2.5 numbers. */
export function standardNormal(random: Random): number {
  for (;;) {
    const x = 2 * random() - 1;
    const y = 2 * random() - 1;
    const square = x * x + y * y;
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square);
  }
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}
