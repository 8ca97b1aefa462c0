/**
 * The bundled models' forward passes as plain loops in float64. Only the weights come from the ONNX file: the structure is
 * written down again here and in reference-sequences.ts, so that a mistake in the builder and a mistake in ONNX Runtime both show.
 */
export type Weights = ReadonlyMap<string, Float32Array>;

export function recommenderForward(weights: Weights, features: Float32Array): Float64Array {
  const hidden1 = relu(dense(weights, 'dense1', Float64Array.from(features)));
  const hidden2 = relu(dense(weights, 'dense2', hidden1));
  return dense(weights, 'dense3', hidden2);
}

/** Channels, then side x side pixels, row by row. */
interface Planes {
  readonly channels: number;
  readonly side: number;
  readonly values: Float64Array;
}

export function imageClassifierForward(weights: Weights, image: Float32Array): Float64Array {
  let x: Planes = { channels: 3, side: 224, values: Float64Array.from(image) };
  x = relu6(conv(weights, 'stem', x, 32, 3, 2));
  // Each row of the paper's table: t (expansion), c (channels), n (repeats), s (stride of the first).
  const table = '1,16,1,1 6,24,2,2 6,32,3,2 6,64,4,2 6,96,3,1 6,160,3,2 6,320,1,1'.split(' ');
  for (const [row, text] of table.entries()) {
    const [t = 0, c = 0, n = 0, s = 0] = text.split(',').map(Number);
    for (let i = 0; i < n; i++)
      x = bottleneck(weights, `stage${row + 1}.block${i + 1}`, x, t, c, i === 0 ? s : 1);
  }
  x = relu6(conv(weights, 'head', x, 1280, 1, 1));
  return softmax(dense(weights, 'classifier', planeMeans(x)));
}

function bottleneck(weights: Weights, name: string, x: Planes, t: number, c: number, stride: number): Planes {
  const wide = t === 1 ? x : relu6(conv(weights, `${name}.expand`, x, x.channels * t, 1, 1));
  const filtered = relu6(conv(weights, `${name}.depthwise`, wide, wide.channels, 3, stride, wide.channels));
  const narrow = conv(weights, `${name}.project`, filtered, c, 1, 1);
  if (stride === 1 && x.channels === c)
    for (const [i, value] of x.values.entries()) add(narrow.values, i, value);
  return narrow;
}

export function dense(weights: Weights, name: string, x: Float64Array): Float64Array {
  const weight = tensor(weights, `${name}.weight`);
  const y = Float64Array.from(tensor(weights, `${name}.bias`));
  for (const [i, value] of x.entries()) {
    for (let j = 0; j < y.length; j++) add(y, j, value * at(weight, i * y.length + j));
  }
  return y;
}

/** Zero padding of half the kernel; one plane of the input, one tap of the kernel at a time. */
function conv(
  weights: Weights,
  name: string,
  x: Planes,
  channels: number,
  kernel: number,
  stride: number,
  groups = 1,
): Planes {
  const weight = tensor(weights, `${name}.weight`);
  const bias = tensor(weights, `${name}.bias`);
  const side = Math.ceil(x.side / stride);
  const values = new Float64Array(channels * side * side);
  const groupIn = x.channels / groups;
  const groupOut = channels / groups;
  let tap = 0;
  for (let out = 0; out < channels; out++) {
    const into = values.subarray(out * side * side, (out + 1) * side * side).fill(at(bias, out));
    for (let k = 0; k < groupIn; k++) {
      const plane = Math.floor(out / groupOut) * groupIn + k;
      const from = x.values.subarray(plane * x.side * x.side, (plane + 1) * x.side * x.side);
      for (let ky = 0; ky < kernel; ky++) {
        for (let kx = 0; kx < kernel; kx++) {
          const half = (kernel - 1) / 2;
          addTap({ into, side, from, fromSide: x.side }, at(weight, tap++), ky - half, kx - half, stride);
        }
      }
    }
  }
  return { channels, side, values };
}

interface Tap {
  readonly into: Float64Array;
  readonly side: number;
  readonly from: Float64Array;
  readonly fromSide: number;
}

function addTap(
  { into, side, from, fromSide }: Tap,
  weight: number,
  dy: number,
  dx: number,
  stride: number,
): void {
  const firstX = Math.max(0, Math.ceil(-dx / stride));
  const endX = Math.min(side, Math.floor((fromSide - 1 - dx) / stride) + 1);
  for (let oy = 0; oy < side; oy++) {
    const iy = oy * stride + dy;
    if (iy < 0 || iy >= fromSide) continue;
    const row = iy * fromSide + dx;
    for (let ox = firstX; ox < endX; ox++) add(into, oy * side + ox, weight * at(from, row + ox * stride));
  }
}

function planeMeans(x: Planes): Float64Array {
  const size = x.side * x.side;
  return Float64Array.from({ length: x.channels }, (_, channel) => {
    const plane = x.values.subarray(channel * size, (channel + 1) * size);
    return plane.reduce((sum, value) => sum + value, 0) / size;
  });
}

export function softmax(logits: Float64Array): Float64Array {
  const top = logits.reduce((a, b) => Math.max(a, b));
  const powers = logits.map((logit) => Math.exp(logit - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

function relu(x: Float64Array): Float64Array {
  return x.map((value) => Math.max(0, value));
}

function relu6(x: Planes): Planes {
  return { ...x, values: x.values.map((value) => Math.min(6, Math.max(0, value))) };
}

export function tensor(weights: Weights, name: string): Float32Array {
  const found = weights.get(name);
  if (found === undefined) throw new Error(`the file has no ${name}`);
  return found;
}

export function at(values: Float32Array | Float64Array, index: number): number {
  return values[index] ?? Number.NaN;
}

export function add(values: Float64Array, index: number, summand: number): void {
  values[index] = at(values, index) + summand;
}
