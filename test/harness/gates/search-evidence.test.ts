import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { expressionsOf } from '../../../harness/gates/recommend.ts';
import { probeEvidence } from '../../../harness/gates/search-evidence.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import { plantRecord } from '../../support/planted-records.ts';

const SLO = expressionsOf(['p90 < 8ms']);
const REQUESTS = 200;

/** Of 200 answers so many took 20 ms, by response and by service time; the others took 2. */
function probe(lateByResponse: number, lateByService: number, reasons: readonly string[]): CaseRecord {
  const planted = plantRecord({
    steps: { '40%': 500 },
    settings: [{ axes: { batch: '8' }, saturation: 200, p99: ['44 40-49'], meanBatch: 4 }],
  }).cases.at(-1);
  if (planted === undefined) throw new Error('nothing planted');
  const counts = { ...planted.counts, ok: REQUESTS, sent: REQUESTS, failed: 0, timedOut: 0 };
  return {
    ...planted,
    counts: { ...counts, inFlightAtEnd: 0, unsent: 0, cancelled: 0, scheduled: REQUESTS },
    histograms: { response: histogram(lateByResponse), service: histogram(lateByService) },
    credibility: {
      status: reasons.length === 0 ? 'valid' : 'client-limited',
      reasons: reasons.map((id) => ({ id, message: id, advice: '' })),
    },
  };
}

function histogram(late: number): string {
  const times = build({ numberOfSignificantValueDigits: 3 });
  for (let index = 0; index < REQUESTS; index++) times.recordValue(index < late ? 20_000 : 2000);
  return encodeIntoCompressedBase64(times);
}

describe('a probe whose generator was late', () => {
  it.each([
    ['is kept with the lateness in it', 19, 0, ['dispatch-lag'], 'pass'],
    ['is kept though arrivals came in bunches', 19, 0, ['dispatch-lag', 'late-arrivals'], 'pass'],
    ['is kept by chance, beside another doubt', 19, 0, ['dispatch-lag', 'unsteady'], 'unclear'],
    ['is broken by the lateness alone', 60, 19, ['dispatch-lag'], 'unclear'],
    ['is broken from the send as well', 60, 40, ['dispatch-lag'], 'breach'],
    ['is broken where arrivals came in bunches', 60, 40, ['dispatch-lag', 'late-arrivals'], 'unclear'],
    ['is broken, and answers were read late', 60, 40, ['receive-lag'], 'unclear'],
  ] as const)('a promise that %s', (_, response, service, reasons, outcome) => {
    const evidence = probeEvidence(probe(response, service, reasons), SLO, false);
    expect(evidence).toMatchObject({ outcome, clientLimited: true, overloaded: false });
  });

  it('counts the lateness all the same: capacity is not flattered', () => {
    const [latency] = probeEvidence(probe(19, 0, ['dispatch-lag']), SLO, false).counts;
    expect(latency).toMatchObject({ bad: 19, of: REQUESTS });
  });
});
