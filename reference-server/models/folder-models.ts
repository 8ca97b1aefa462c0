import { createHash } from 'node:crypto';
import { type Dirent, existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerConfig } from '../config.ts';
import { settingsOf } from '../model-settings.ts';
import { filesNamed } from '../pipeline/declared-graph.ts';
import type { StepFiles } from '../pipeline/step.ts';
import { fitLimits, type LimitsByInput } from './input-limits.ts';
import { readModelConfig } from './model-config-files.ts';
import { fitDeclared, type ModelFile, SILENT } from './model-file.ts';
import type { ConfigOverride, ModelCatalogue, ModelPlan, VersionPlan } from './model-plan.ts';
import { type OnnxInterface, readOnnxInterface } from './onnx-file.ts';
import { isOutside, linesOf, readStepFiles } from './step-files.ts';
import { chooseVersions, compareVersions, isVersion } from './version-policy.ts';

const FOLDER_NAME = /^[\w-][\w.-]*$/;

/**
 * The models of a folder, each looked at anew whenever its plan is asked for:
 *
 *   models/ranker/config.yaml        or config.pbtxt, as Triton has it; or none
 *                1/model.onnx
 *                2/model.onnx
 */
export function folderModels(folder: string, server: ServerConfig): ModelCatalogue {
  return {
    async names() {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries.filter(isModelFolder).map(({ name }) => name);
    },
    async plan(name, override) {
      const path = join(folder, name);
      if (!FOLDER_NAME.test(name)) return undefined;
      const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
      if (entries === undefined) return undefined;
      return planFrom(name, path, entries, server, override);
    },
  };
}

function isModelFolder(entry: Dirent): boolean {
  return (entry.isDirectory() || entry.isSymbolicLink()) && FOLDER_NAME.test(entry.name);
}

async function planFrom(
  name: string,
  path: string,
  entries: readonly Dirent[],
  server: ServerConfig,
  override: ConfigOverride | undefined,
): Promise<ModelPlan> {
  const read = readModelConfig(name, path, override);
  if ('problem' in read) {
    const { versions: versionPolicy } = SILENT;
    return { name, versions: [], versionPolicy, labels: {}, notHonoured: [], problem: read.problem };
  }
  const available = entries.filter((entry) => !entry.isFile()).map((entry) => entry.name);
  const found = available.filter(isVersion);
  // There is nothing in the version of an ensemble, so that it need not be there.
  const there = found.length === 0 && read.file.ensemble !== undefined ? ['1'] : found;
  const { versions, missing } = chooseVersions(read.file.versions, there);
  const plans = await Promise.all(
    versions.map((version) => versionPlan(name, version, path, read.file, server)),
  );
  const { labels, defaultVersion, routing, notHonoured } = read.file;
  const problem = missingVersions(versions, missing, path);
  return {
    name,
    versions: plans,
    versionPolicy: read.file.versions,
    labels,
    notHonoured,
    available: available.filter(isVersion).sort(compareVersions),
    ...(defaultVersion === undefined ? {} : { defaultVersion }),
    ...(routing === undefined ? {} : { routing }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function missingVersions(
  chosen: readonly string[],
  missing: readonly string[],
  path: string,
): string | undefined {
  if (missing.length > 0) return `there is no version ${missing.join(', ')} in ${path}`;
  if (chosen.length > 0) return undefined;
  return `there is no version in ${path}: a version is a folder with a number from 1 as its name`;
}

async function versionPlan(
  name: string,
  version: string,
  path: string,
  file: ModelFile,
  server: ServerConfig,
): Promise<VersionPlan> {
  const { sharesBatches, warmUp, pipeline, ensemble } = file;
  const source = ensemble === undefined ? join(path, version, file.file) : '';
  const read =
    labelProblem(path, file) ?? (ensemble === undefined ? interfaceOf(source, path, file) : NO_FILE);
  const files = stepFilesOf(path, file);
  const settings = typeof read === 'string' ? server : ownOrFromFile(server, file, read);
  const wrong = [read, files].find((found) => typeof found === 'string') ?? misfitOf(settings);
  const problem = typeof wrong === 'string' ? wrong : undefined;
  const classLabels = problem === undefined ? labelsOf(path, file) : {};
  return {
    name,
    version,
    source,
    settings: 'problems' in settings ? server : settings,
    sharesBatches,
    warmUp,
    ...(typeof read === 'string' || ensemble !== undefined ? {} : { tensors: read, limits: read.limits }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(ensemble === undefined ? {} : { ensemble }),
    ...(typeof files === 'string' ? {} : { files }),
    classLabels,
    fingerprint: await fingerprintOf(join(path, version), file, { classLabels, files }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Of an ensemble. */
const NO_FILE: LimitedInterface = { inputs: [], outputs: [], limits: {} };

function stepFilesOf(path: string, { pipeline, ensemble }: ModelFile): StepFiles | string {
  const steps = [...(pipeline?.before ?? []), ...(pipeline?.after ?? []), ...(ensemble?.nodes ?? [])];
  const names = filesNamed(steps);
  const outside = names.find((name) => isOutside(path, name));
  return outside === undefined ? readStepFiles(path, names) : `'${outside}' is not in the model's folder`;
}

function misfitOf(settings: ReturnType<typeof settingsOf>): string | undefined {
  if (!('problems' in settings)) return undefined;
  return settings.problems.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}

function labelProblem(path: string, file: ModelFile): string | undefined {
  const labels = file.outputs.map(({ labelFile }) => labelFile ?? '').filter((name) => name !== '');
  const outside = labels.find((name) => isOutside(path, name));
  if (outside !== undefined) return `'${outside}' is not in the model's folder`;
  const missing = labels.find((name) => !existsSync(join(path, name)));
  return missing === undefined ? undefined : `there is no label file at ${join(path, missing)}`;
}

type LimitedInterface = OnnxInterface & { readonly limits: LimitsByInput };

/** What the model takes and gives as it is served; or why it cannot be. */
function interfaceOf(source: string, path: string, file: ModelFile): LimitedInterface | string {
  const inVersion = join('version', file.file);
  if (isOutside(path, inVersion)) return `'${inVersion}' is not in the model's folder`;
  if (!existsSync(source)) return `there is no model file at ${source}`;
  try {
    const found = readOnnxInterface(source);
    const inputs = fitDeclared('input', file.inputs, found.inputs);
    const outputs = fitDeclared('output', file.outputs, found.outputs);
    if (typeof inputs === 'string') return inputs;
    if (typeof outputs === 'string') return outputs;
    const limits = fitLimits(file.inputs, inputs);
    return typeof limits === 'string' ? limits : { inputs, outputs, limits };
  } catch (error) {
    return `${source}: ${reasonOf(error)}`;
  }
}

/** A label file has a class's name on each line, in the order of the output's scores. */
function labelsOf(path: string, file: ModelFile): Readonly<Record<string, readonly string[]>> {
  const labelled = file.outputs.flatMap(({ name, labelFile }) => {
    if (labelFile === undefined) return [];
    return [[name, linesOf(join(path, labelFile))] as const];
  });
  return Object.fromEntries(labelled);
}

/** A model exported for a fixed number of rows runs with that number, unless its configuration says otherwise. */
function ownOrFromFile(server: ServerConfig, file: ModelFile, { inputs }: OnnxInterface) {
  const rows = inputs[0]?.shape[0] ?? -1;
  const own = file.settings.batching;
  const batching = {
    ...own,
    ...(rows !== -1 && own?.maxRows === undefined ? { maxRows: rows } : {}),
    // A request that shares its batch with nobody has nobody to wait for.
    ...(file.sharesBatches ? {} : { maxDelayMs: 0 }),
  };
  const cache = file.cachesAsServer && server.cache.kind !== 'off' ? {} : file.settings.cache;
  return settingsOf(server, { ...file.settings, batching, cache });
}

/**
 * Of everything that decides what runs: the configuration, and size and date of every file of the version. A label that
 * moves, or a policy that chooses other versions, leaves those that run alone.
 */
async function fingerprintOf(
  folder: string,
  file: ModelFile,
  read: { readonly classLabels: VersionPlan['classLabels']; readonly files: StepFiles | string },
): Promise<string> {
  const { settings, file: name, inputs, outputs, sharesBatches, warmUp, pipeline, ensemble } = file;
  const decisive = [settings, name, inputs, outputs, sharesBatches, warmUp, pipeline, ensemble, read];
  const hash = createHash('sha256').update(JSON.stringify(decisive));
  for (const entry of (await readdir(folder).catch(() => [])).sort()) {
    const found = await stat(join(folder, entry), { bigint: true }).catch(() => undefined);
    hash.update(`\n${entry} ${found?.size} ${found?.mtimeNs} ${found?.ino}`);
  }
  return hash.digest('hex');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
