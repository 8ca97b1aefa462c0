import { asMap } from './axes.ts';
import { placeAsWritten } from './checks.ts';
import type { ScenarioDocument } from './document.ts';
import { loadLabels, SATURATION } from './load-labels.ts';
import { recordingIn } from './recordings.ts';
import type { RecordingFiles } from './replay-file.ts';
import type { Axes } from './scenario.ts';
import { loadFrom } from './scenario-from-file.ts';
import type { ScenarioFile } from './schema.ts';

export function mentions(place: Axes, names: ReadonlySet<string>): boolean {
  return Object.keys(place).some((axis) => names.has(axis));
}

export function readGates(
  document: ScenarioDocument,
  file: ScenarioFile | undefined,
  gone: ReadonlySet<string>,
  asFound: boolean,
) {
  const raw = asMap(document.yaml.toJS());
  const written = asMap(raw?.decide)?.gates;
  const places = (Array.isArray(written) ? written : []).map((gate: unknown, index) => {
    const path = ['decide', 'gates', index, 'where'];
    return { place: placeAsWritten(asMap(gate)?.where, path, document), path };
  });
  const gates = (file?.decide.gates ?? []).map((gate, index) => ({
    ...gate,
    where: places[index]?.place ?? {},
  }));
  const lost = asFound ? gates.filter((gate) => mentions(gate.where, gone)) : [];
  return {
    kept: gates.filter((gate) => !lost.includes(gate)),
    places: places.filter(({ place }) => !mentions(place, gone)),
    leftOut: lost.map(
      (gate) =>
        `gate ${gate.expect.join(', ')} at ${Object.entries(gate.where)
          .map((pair) => pair.join('='))
          .join(',')}: the server runs its own setting, so this one cannot be selected`,
    ),
  };
}

/** Labels of the load axis over all settings (they differ where the load itself is varied). */
export function gateLoads(
  settings: readonly { readonly file: ScenarioFile }[],
  recordings: RecordingFiles,
): string[] {
  const readable = settings.filter(({ file: { load } }) => {
    if (load.replay === undefined) return true;
    const { file, timeScale, every } = load.replay;
    return 'value' in recordings.find(file, timeScale, every);
  });
  const find = recordingIn(recordings);
  const labels = new Set(readable.flatMap(({ file }) => loadLabels(loadFrom(file, find))));
  return labels.size === 0 ? [SATURATION] : [...labels];
}
