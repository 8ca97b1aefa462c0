import type { Answer } from '../record/answer.ts';
import type { CaseRecord } from '../record/case-record.ts';
import { isFinding, reportName } from '../scenario/report-names.ts';
import type { Words } from './answer-parts.ts';
import { breakEvenSentences } from './cache-sentences.ts';
import { metricSentence } from './compare-settings.ts';

/**
 * The answer with what `decide.report` asks for. Where nothing is to be recommended that is what the scenario was run
 * for, so its first sentence leads; else it follows the recommendation, before everything else.
 */
export function withReported(
  answer: Answer,
  { cases, names, isAsked }: { cases: readonly CaseRecord[]; names: readonly string[]; isAsked: boolean },
  words: Words,
): Answer {
  if (names.length === 0 || answer.status === 'unfinished') return answer;
  const told = names.flatMap((name) => sentencesOf(name, cases, words));
  if (isAsked) return { ...answer, details: [...told, ...answer.details] };
  const [sentence = answer.sentence, ...details] = told;
  const status = answer.setting === undefined ? 'not-asked' : answer.status;
  return { ...answer, status, sentence, details: [...details, answer.sentence, ...answer.details] };
}

/** The scenario's schema has checked the names; an unknown one is of a record that a later version wrote. */
function sentencesOf(text: string, cases: readonly CaseRecord[], words: Words): readonly string[] {
  const name = reportName(text);
  if (name === undefined) return [`This version does not know what ${text} is.`];
  if (!isFinding(name)) return [metricSentence(cases, name, words)];
  switch (name) {
    case 'breakEvenHitRate':
      return breakEvenSentences(cases, words);
  }
}
