import type { Answer } from '../record/answer.ts';
import type { CaseRecord } from '../record/case-record.ts';
import type { Expression } from '../scenario/expression.ts';
import { isFinding, reportName } from '../scenario/report-names.ts';
import type { Words } from './answer-parts.ts';
import { cacheLossSentences } from './cache-loss.ts';
import { breakEvenSentences } from './cache-sentences.ts';
import { metricSentence } from './compare-settings.ts';
import { promisedPercentile } from './settings.ts';
import { stalenessSentences } from './stale-sentences.ts';
import { worstWindowSentences } from './worst-window.ts';

/** What `decide.report` asks for, and what it is told from. */
export interface Asked {
  readonly names: readonly string[];
  readonly cases: readonly CaseRecord[];
  readonly slo: readonly Expression[];
  readonly words: Words;
}

/**
 * The answer with what `decide.report` asks for. Where nothing is to be recommended that is what the scenario was run
 * for, so its first sentence leads; else it follows the recommendation, before everything else.
 */
export function withReported(answer: Answer, asked: Asked, isRecommended: boolean): Answer {
  if (asked.names.length === 0 || answer.status === 'unfinished') return answer;
  const told = asked.names.flatMap((name) => sentencesOf(name, asked));
  if (isRecommended) return { ...answer, details: [...told, ...answer.details] };
  const [sentence = answer.sentence, ...details] = told;
  const status = answer.setting === undefined ? 'not-asked' : answer.status;
  // What would have been said compares the promised percentile, as a sentence that was asked for may.
  const isTold = answer.status === 'not-asked' && asked.names.includes(promisedPercentile(asked.slo));
  const before = isTold ? [] : [answer.sentence];
  return { ...answer, status, sentence, details: [...details, ...before, ...answer.details] };
}

/** The scenario's schema has checked the names; an unknown one is of a record that a later version wrote. */
function sentencesOf(text: string, { cases, slo, words }: Asked): readonly string[] {
  const name = reportName(text);
  if (name === undefined) return [`This version does not know what ${text} is.`];
  if (!isFinding(name)) return [metricSentence(cases, name, words)];
  switch (name) {
    case 'breakEvenHitRate':
      return breakEvenSentences(cases, words);
    case 'staleness':
      return stalenessSentences(cases, words);
    case 'worstWindow':
      return worstWindowSentences(cases, slo, words);
    case 'survivesCacheLoss':
      return cacheLossSentences(cases, slo, words);
  }
}
