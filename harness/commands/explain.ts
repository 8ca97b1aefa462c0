import { nearestName, UsageError } from '../errors.ts';
import { NOTICE_IDS, noticeAdvice } from '../record/notices.ts';
import { findScenario, listScenarios } from '../scenario/catalogue.ts';
import { GLOSSARY } from '../scenario/glossary.ts';
import { type FieldNode, fieldAt, leafPaths } from '../scenario/json-schema.ts';
import { loadScenario } from '../scenario/load-file.ts';
import { loadLabels } from '../scenario/load-labels.ts';
import { type OutlineLine, outlineOf } from '../scenario/outline.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { axesText, wrap } from '../terminal/layout.ts';

/** Explains a scenario (by name or file), a field (`load.ladder`), a metric, a status or a notice. */
export function explainText(topic: string): string {
  const word = topic.replace(/^p99\.9$/, 'p999').replaceAll(' ', '-');
  const meaning = Object.hasOwn(GLOSSARY, word) ? `${word}\n${wrapped(GLOSSARY[word] ?? '')}` : undefined;
  if (/\.ya?ml$/.test(topic) || listScenarios().some(({ name }) => name === topic)) {
    // `capacity` is a scenario and a figure.
    return [scenarioText(topic), ...(meaning === undefined ? [] : [`As a figure: ${meaning}`])].join('\n\n');
  }
  if (meaning !== undefined) return meaning;
  const field = fieldAt(topic.split('.'));
  if (field !== undefined) return fieldText(topic, field);
  const noticeId = NOTICE_IDS.find((id) => id === word);
  if (noticeId !== undefined) {
    return `${word}\n${wrapped(`Notice: it qualifies figures and decides nothing. ${noticeAdvice(noticeId)}`)}`;
  }
  throw unknownTopic(topic);
}

function unknownTopic(topic: string): UsageError {
  const scenarios = listScenarios().map(({ name }) => name);
  const near = nearestName(topic, [...scenarios, ...Object.keys(GLOSSARY), ...leafPaths(), ...NOTICE_IDS]);
  return new UsageError(
    `nothing is known about "${topic}"; explain takes a scenario (${scenarios.join(', ')}, or a .yaml file), a field ` +
      `(load.ladder), or a word: ${Object.keys(GLOSSARY).join(', ')}`,
    near === undefined ? 'inferometer list' : `did you mean ${near}?`,
  );
}

function scenarioText(nameOrPath: string): string {
  const scenario = loadScenario(nameOrPath);
  const lines = outlineOf(scenario.text, scenario.file);
  return [heading(scenario), outlineText(lines), matrixText(scenario)].join('\n\n');
}

function heading({ name, question, file, hash }: Scenario): string {
  return `${name}${question === '' ? '' : ` · ${question}`}\n${findScenario(file).file} · content ${hash}`;
}

function outlineText(lines: readonly OutlineLine[]): string {
  const rows = lines.map(({ path, value, origin }) => ({
    left: `${'  '.repeat(path.length - 1)}${path.at(-1)}`,
    value,
    origin,
  }));
  const leftWidth = Math.max(...rows.map(({ left }) => left.length));
  const valueWidth = Math.min(44, Math.max(...rows.map(({ value }) => value?.length ?? 0)));
  return rows
    .map(({ left, value, origin }) =>
      value === undefined
        ? left
        : `${left.padEnd(leftWidth)}  ${value.padEnd(valueWidth)}  ${origin}`.trimEnd(),
    )
    .join('\n');
}

function matrixText(scenario: Scenario): string {
  const cases = scenario.settings.map(({ load }) => loadLabels(load));
  const total = cases.reduce((sum, labels) => sum + labels.length, 0);
  const settings = scenario.settings.map(({ axes }, index) => {
    const at = `at ${(cases[index] ?? []).join(', ')}`;
    return `  ${Object.keys(axes).length === 0 ? at : `${axesText(axes)} · ${at}`}`;
  });
  const skipped = scenario.skipped.map((axes) => `  skipped: ${axesText(axes)}`);
  const count = `${settings.length} ${settings.length === 1 ? 'setting' : 'settings'}, ${total} cases`;
  return [count, ...settings, ...skipped].join('\n');
}

function fieldText(path: string, node: FieldNode): string {
  const facts = [
    node.enum === undefined ? undefined : `one of: ${node.enum.join(', ')}`,
    node.examples === undefined ? undefined : `as in:  ${node.examples.join(', ')}`,
    node.default === undefined || node.properties !== undefined
      ? undefined
      : `default: ${defaultText(node.default)}`,
  ].filter((fact) => fact !== undefined);
  const children = Object.entries(node.properties ?? node.items?.properties ?? {});
  const width = Math.max(0, ...children.map(([key]) => key.length));
  return [
    path,
    wrapped(node.description ?? ''),
    ...facts.map((fact) => `  ${fact}`),
    ...children.map(([key, child]) => `    ${key.padEnd(width)}  ${child.description ?? ''}`),
  ].join('\n');
}

function defaultText(found: unknown): string {
  return typeof found === 'string' ? found : JSON.stringify(found);
}

function wrapped(text: string): string {
  return `  ${wrap(text, '  ')}`;
}
