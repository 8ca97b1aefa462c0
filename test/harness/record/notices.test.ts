import { expect, test } from 'vitest';
import { NOTICE_IDS, notice, noticeAdvice } from '../../../harness/record/notices.ts';

test('a notice says what was found and what to do about it', () => {
  expect(notice('steal', { stealPct: 12.34 }, ['a'])).toEqual({
    id: 'steal',
    message: "Other virtual machines took 12.3 % of this machine's CPU time while measuring.",
    advice: noticeAdvice('steal'),
    caseIds: ['a'],
  });
  expect(
    notice('no-gpu', { reason: 'No NVIDIA driver library found (libnvidia-ml.so.1)' }),
  ).not.toHaveProperty('caseIds');
});

test('one case is a case, several are cases', () => {
  expect(notice('client-limited', { cases: 1, causes: [] }).message).toMatch(/^1 case measured/);
  expect(notice('client-limited', { cases: 3, causes: [] }).message).toMatch(/^3 cases measured/);
});

test.each(NOTICE_IDS)('%s ends in advice', (id) => {
  expect(noticeAdvice(id)).toMatch(/^[A-Z].*\.$/);
});
