import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeFolders } from './make-folders.ts';
import { ZOO, type ZooModel, zooNames } from './zoo.ts';

/** A bundled model could not be made available: unknown name, unwritable cache, bytes that are not the expected ones. */
export class ModelCacheError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelCacheError';
  }
}

/** `$INFEROMETER_CACHE`, or `~/.cache/inferometer`. */
export function defaultCacheFolder(): string {
  return process.env.INFEROMETER_CACHE ?? join(homedir(), '.cache', 'inferometer');
}

/**
 * The path of a bundled model's ONNX file, built there first unless a file with the right bytes is there already.
 * Processes that build at the same time do not disturb each other: each writes a file of its own and renames it.
 */
export async function ensureModel(name: string, cacheFolder = defaultCacheFolder()): Promise<string> {
  const model = ZOO.find((candidate) => candidate.name === name);
  if (model === undefined) {
    throw new ModelCacheError(`no bundled model is named "${name}"; there are ${zooNames().join(', ')}`);
  }
  // The hash in the name keeps releases with different weights from rebuilding each other's file.
  const path = join(cacheFolder, `${name}-${model.sha256.slice(0, 12)}.onnx`);
  if ((await sha256Of(path)) !== model.sha256) {
    try {
      await makeFolders(cacheFolder);
      await write(model, path);
    } catch (error) {
      if (error instanceof ModelCacheError) throw error;
      throw new ModelCacheError(
        `cannot write the model ${name} to ${path}: ${(error as Error).message}; INFEROMETER_CACHE names another folder`,
        { cause: error },
      );
    }
  }
  return path;
}

async function write(model: ZooModel, path: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const hash = createHash('sha256');
  try {
    const file = await open(temporary, 'wx');
    try {
      for (const bytes of model.build()) {
        hash.update(bytes);
        await file.writeFile(bytes);
      }
    } finally {
      await file.close();
    }
    const sha256 = hash.digest('hex');
    if (sha256 !== model.sha256) {
      throw new ModelCacheError(`the model ${model.name} came out as ${sha256} instead of ${model.sha256}`);
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Undefined where there is no readable file. */
async function sha256Of(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
      hash.update(chunk as Buffer);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}
