import { dirname } from 'node:path';
import type { Problem } from '../errors.ts';
import { checkTogether, type Origin, problemsOfIssues } from './checks.ts';
import { DatasetFiles } from './dataset-files.ts';
import { located, type ScenarioDocument } from './document.ts';
import { type Combination, withValues } from './expand.ts';
import { withImpliedLoad } from './implied-load.ts';
import { isProblem } from './quantities.ts';
import { recordingProblems } from './recordings.ts';
import { RecordingFiles } from './replay-file.ts';
import type { Axes } from './scenario.ts';
import { type ScenarioFile, scenarioFile } from './schema.ts';
import { datasetsNamed, withNamedModels } from './workload-from-file.ts';

/** Each combination as a file of its own, checked against the schema, the data files and itself. */
export function checkSettings(
  document: ScenarioDocument,
  raw: Record<string, unknown>,
  remaining: readonly Combination[],
) {
  const problems: Problem[] = [];
  const settings: { axes: Axes; file: ScenarioFile }[] = [];
  const files = new DatasetFiles(dirname(document.file));
  const recordings = new RecordingFiles(dirname(document.file));
  for (const { axes, sets } of remaining) {
    const content = withNamedModels(withImpliedLoad(withValues(raw, sets)));
    const origin: Origin = (path) =>
      sets.find((set) => set.path.every((key, depth) => key === String(path[depth])))?.from ?? path;
    const parsed = scenarioFile.safeParse(content);
    if (parsed.success) {
      settings.push({ axes, file: parsed.data });
      problems.push(...datasetProblems(parsed.data, files, document, origin));
      problems.push(...recordingProblems(parsed.data, recordings, document, origin));
    } else problems.push(...problemsOfIssues(parsed.error.issues, document, origin));
    problems.push(...checkTogether(content, document, origin));
  }
  return { settings, problems, files, recordings };
}

function datasetProblems(
  file: ScenarioFile,
  files: DatasetFiles,
  document: ScenarioDocument,
  origin: Origin,
): Problem[] {
  return datasetsNamed(file).flatMap(({ written, path }) => {
    const found = files.find(written);
    if (!isProblem(found)) return [];
    const { problem: message, ...advice } = found;
    return [{ ...located(document, origin(path)), field: path.join('.'), message, ...advice }];
  });
}
