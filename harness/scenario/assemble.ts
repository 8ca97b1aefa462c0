import { type Problem, UsageError } from '../errors.ts';
import { AS_FOUND_AXIS, AS_FOUND_PENDING } from './as-found.ts';
import { nameOf } from './catalogue.ts';
import { inOrder } from './complain.ts';
import { located, type ScenarioDocument } from './document.ts';
import { withVariables } from './environment-variables.ts';
import { contentHash } from './hash.ts';
import { isProblem, type Reading } from './quantities.ts';
import { type Content, labelsOf } from './read-content.ts';
import { hashableLoad, recordingIn } from './recordings.ts';
import type { Scenario, Setting } from './scenario.ts';
import { decideFrom, limitsFrom, loadFrom, measureFrom, targetFrom } from './scenario-from-file.ts';
import type { ScenarioFile } from './schema.ts';
import { hashable, withOtherModels, workloadFrom } from './workload-from-file.ts';

/** The scenario of a content without problems. Throws UsageError where an environment variable is not set. */
export function assemble(
  document: ScenarioDocument,
  read: Content,
  file: ScenarioFile,
  text: string,
): Scenario {
  const found = read.asFound ? { [AS_FOUND_AXIS]: AS_FOUND_PENDING } : {};
  const settings = read.settings.map((setting): Setting => {
    const workload = workloadFrom(setting.file, (written) => known(read.files.find(written)));
    return {
      axes: { ...setting.axes, ...found },
      target: withOtherModels(targetFrom(setting.file), workload),
      workload,
      load: loadFrom(setting.file, recordingIn(read.recordings)),
    };
  });
  const [measure, limits] = [measureFrom(file), limitsFrom(file)];
  const { rawLog: _, ...measured } = measure;
  const events = read.events.length === 0 ? {} : { events: read.events };
  const decide = { ...decideFrom(file), gates: read.gates };
  // Labels of axes are names, not content; secrets are filled in only after hashing.
  const hash = contentHash({
    settings: settings.map(({ axes: _, ...content }) => ({
      ...content,
      workload: hashable(content.workload),
      load: hashableLoad(content.load),
    })),
    measure: measured,
    ...events,
    decide,
    limits,
  });
  const filled = fillVariables(document, settings, file.labels);
  return {
    name: file.name ?? nameOf(document.file),
    question: file.question,
    file: document.file,
    text,
    hash,
    settings: filled.settings,
    skipped: read.skipped,
    axes: { ...labelsOf(read.axes), ...(read.asFound ? { [AS_FOUND_AXIS]: [AS_FOUND_PENDING] } : {}) },
    measure,
    ...events,
    decide,
    limits,
    labels: filled.labels,
    ...(read.leftOut.length === 0 ? {} : { leftOut: read.leftOut }),
  };
}

/** What has been checked already. */
function known<T>(reading: Reading<T>): T {
  if (isProblem(reading)) throw new Error(reading.problem);
  return reading.value;
}

function fillVariables(
  document: ScenarioDocument,
  settings: readonly Setting[],
  written: Readonly<Record<string, string>>,
) {
  const problems: Problem[] = [];
  const fill = (texts: Readonly<Record<string, string>>, path: readonly string[]): Record<string, string> => {
    const reading = withVariables(texts, process.env);
    if (!isProblem(reading)) return reading.value;
    const { problem: message, ...advice } = reading;
    problems.push({ ...located(document, path), field: path.join('.'), message, ...advice });
    return {};
  };
  const filled = settings.map((setting): Setting => {
    if (setting.target.kind === 'reference') return setting;
    return {
      ...setting,
      target: { ...setting.target, headers: fill(setting.target.headers, ['target', 'headers']) },
    };
  });
  const labels = fill(written, ['labels']);
  if (problems.length > 0) throw new UsageError(inOrder(problems));
  return { settings: filled, labels };
}
