import type { Problem } from '../errors.ts';
import type { Origin } from './checks.ts';
import { located, type ScenarioDocument } from './document.ts';
import type { LoadSpec } from './load-spec.ts';
import type { RecordingFiles } from './replay-file.ts';
import type { FindRecording } from './scenario-from-file.ts';
import type { ScenarioFile } from './schema.ts';

/** A mistake in the recording itself stands there, on a line of its own. */
export function recordingProblems(
  { load: { replay } }: ScenarioFile,
  recordings: RecordingFiles,
  document: ScenarioDocument,
  origin: Origin,
): Problem[] {
  const found =
    replay === undefined ? undefined : recordings.find(replay.file, replay.timeScale, replay.every);
  if (replay === undefined || found === undefined || 'value' in found) return [];
  const [field, path] = ['load.replay.file', ['load', 'replay', 'file']];
  if ('problems' in found) return found.problems.map((one) => ({ file: replay.file, field, ...one }));
  const { problem: message, ...advice } = found;
  return [{ ...located(document, origin(path)), field, message, ...advice }];
}

/** For what has been checked already. */
export function recordingIn(recordings: RecordingFiles): FindRecording {
  return (written, timeScale, every) => {
    const found = recordings.find(written, timeScale, every);
    if ('value' in found) return found.value;
    throw new Error(`${written} cannot be read`);
  };
}

/** A recording is its content, wherever it lies. */
export function hashableLoad(load: LoadSpec): unknown {
  if (load.open?.kind !== 'replay') return load;
  return { ...load, open: { ...load.open, recording: load.open.recording.sha256 } };
}
