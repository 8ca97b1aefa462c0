import { UsageError } from '../errors.ts';
import { assemble } from './assemble.ts';
import { findScenario } from './catalogue.ts';
import { inOrder } from './complain.ts';
import { readDocument } from './document.ts';
import { deepFreeze } from './hash.ts';
import { applyOverrides, type Overrides } from './overrides.ts';
import { readContent } from './read-content.ts';
import type { Scenario } from './scenario.ts';

export interface LoadOptions extends Overrides {
  /** Measure an external server as it is, instead of refusing axes that it cannot apply. */
  readonly asFound?: boolean;
}

/** A shipped scenario by name, or a file by path. Throws UsageError with all problems at once. */
export function loadScenario(nameOrPath: string, options: LoadOptions = {}): Scenario {
  const { text, file } = findScenario(nameOrPath);
  return scenarioFromText(text, file, options);
}

/** The same, from a text. `file` is for messages and for the name that the text does not give. */
export function scenarioFromText(text: string, file: string, options: LoadOptions = {}): Scenario {
  const document = readDocument(text, file);
  const problems = applyOverrides(document, options);
  const changed =
    problems.length > 0 || Object.values(options).some((value) => value !== undefined && value !== false);
  const read = readContent(document, options.asFound === true);
  problems.push(...read.problems);
  const [first] = read.settings;
  if (problems.length > 0 || first === undefined) throw new UsageError(inOrder(problems));
  const scenario = assemble(document, read, first.file, changed ? String(document.yaml) : text);
  return deepFreeze({ ...scenario, ...(options.quick === true ? { quick: true as const } : {}) });
}
