import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VersionPlan } from './model-plan.ts';

/**
 * SHA-256, in URL-safe base64, of all that a version's answers depend on beside the request: the content of its files,
 * and its plan but for what only decides how fast it answers and what it is called. Equal on every machine that serves
 * the same. What a plan gains later counts, unless it is named here.
 */
export async function modelDigest(plan: VersionPlan, modelPath: string): Promise<string> {
  const { name, version, source, warmUp, classLabels, fingerprint, problem, settings, ...others } = plan;
  const { instances, threads, placement, batching, queue, cache, ...computing } = settings;
  const hash = createHash('sha256').update(JSON.stringify([others, computing], whole));
  await addFile(hash, modelPath);
  for (const location of await weightFiles(modelPath))
    await addFile(hash, join(dirname(modelPath), location));
  return hash.digest('base64url');
}

/** What JSON would leave out. */
function whole(_: string, value: unknown): unknown {
  if (value instanceof Map || value instanceof Set) return [...value];
  return value instanceof Uint8Array ? createHash('sha256').update(value).digest('hex') : value;
}

async function addFile(hash: Hash, path: string): Promise<void> {
  const own = createHash('sha256');
  for await (const piece of createReadStream(path)) own.update(piece);
  hash.update(own.digest());
}

/** An entry of TensorProto.external_data: the key "location" as field 1, then its value as field 2. */
const LOCATION = Buffer.from('\x0a\x08location\x12', 'latin1');

/** The files beside the model that its weights are in, as it names them. */
async function weightFiles(modelPath: string): Promise<readonly string[]> {
  const bytes = await readFile(modelPath);
  const found = new Set<string>();
  for (let at = bytes.indexOf(LOCATION); at !== -1; at = bytes.indexOf(LOCATION, at + 1)) {
    const { length, from } = lengthAt(bytes, at + LOCATION.length);
    found.add(bytes.toString('utf8', from, from + length));
  }
  return [...found].sort();
}

/** A length as Protocol Buffers have it: seven bits a byte, the lowest first. */
function lengthAt(bytes: Buffer, at: number): { length: number; from: number } {
  let length = 0;
  let from = at;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[from++] ?? 0;
    length += (byte & 127) * 2 ** shift;
    if (byte < 128) return { length, from };
  }
}
