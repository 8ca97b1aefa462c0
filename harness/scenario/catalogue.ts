import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { nearestName, UsageError } from '../errors.ts';
import { packageFile } from '../package-files.ts';
import { asMap } from './axes.ts';
import { readDocument } from './document.ts';

/** A scenario that the package brings along. */
export interface ScenarioListing {
  readonly name: string;
  readonly question: string;
  readonly file: string;
}

const EXTENSION = /\.ya?ml$/;

/** Every shipped scenario with its question, by name. */
export function listScenarios(): ScenarioListing[] {
  return shippedFiles().map((file) => {
    const content = asMap(readDocument(readFileSync(file, 'utf8'), file).yaml.toJS());
    return { name: nameOf(file), question: String(content?.question ?? ''), file };
  });
}

function shippedFiles(): string[] {
  const folder = packageFile('scenarios');
  return readdirSync(folder)
    .filter((file) => EXTENSION.test(file))
    .sort()
    .map((file) => join(folder, file));
}

/** The name that a scenario has by its file. */
export function nameOf(file: string): string {
  return basename(file).replace(EXTENSION, '');
}

/** The file of a shipped scenario's name, or of a path. Throws UsageError with the nearest name. */
export function findScenario(nameOrPath: string): { text: string; file: string } {
  const shipped = shippedFiles().find((file) => nameOf(file) === nameOrPath);
  const path = shipped ?? nameOrPath;
  if (!EXTENSION.test(path)) throw unknownName(nameOrPath);
  if (!existsSync(path)) throw unknownFile(path);
  return { text: readFileSync(path, 'utf8'), file: shortest(path) };
}

function unknownName(found: string): UsageError {
  const names = shippedFiles().map(nameOf);
  const near = nearestName(found, names);
  return new UsageError(
    `there is no scenario "${found}"; known: ${names.join(', ')}; or the path of a .yaml file`,
    near === undefined ? 'inferometer list' : `did you mean ${near}?`,
  );
}

function unknownFile(path: string): UsageError {
  const folder = dirname(path);
  const there = existsSync(folder) ? readdirSync(folder).filter((file) => EXTENSION.test(file)) : [];
  const near = nearestName(basename(path), there);
  return new UsageError(
    `there is no file ${path}`,
    near === undefined
      ? 'inferometer list names the scenarios that come along'
      : `did you mean ${join(folder, near)}?`,
  );
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}
