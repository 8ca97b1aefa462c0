import { METRICS, type Metric } from './expression.ts';

/** Findings over several cases that no single one can show. */
export const FINDINGS = ['breakEvenHitRate', 'survivesCacheLoss', 'staleness', 'worstWindow'] as const;
export type FindingName = (typeof FINDINGS)[number];

/** What `decide.report` can ask for: a metric, compared between the settings, or a finding. */
export type ReportName = Metric | FindingName;
export const REPORT_NAMES = [...(Object.keys(METRICS) as Metric[]), ...FINDINGS] as const;

/** The name as it was checked when the scenario was read; undefined for any other text. */
export function reportName(text: string): ReportName | undefined {
  return REPORT_NAMES.find((name) => name === text);
}

export function isFinding(name: ReportName): name is FindingName {
  return FINDINGS.some((finding) => finding === name);
}
