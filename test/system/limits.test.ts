import { expect, test } from 'vitest';
import { TINY, workplace } from './cli-process.ts';

/** A place of its own for each test: they run at the same time. */
function ownPlace() {
  const place = workplace();
  place.write('tiny.yaml', TINY);
  return place;
}

test.concurrent('steps above limits.maxRate are left out, with a notice that names them', async ({
  onTestFinished,
}) => {
  const place = ownPlace();
  onTestFinished(() => place.close());
  const { code, stdout } = await place.run(
    ...['run', 'tiny.yaml', '--set', 'limits.maxRate=0.5/s', '--set', 'vary.batch.values=[8]'],
  );
  expect(code).toBe(0);
  expect(stdout).toContain('1 case not driven, because its rate is above limits.maxRate: batch=8,load=20%');
  const record = place.latest();
  expect(record).toMatchObject({ partial: false, scenario: { plannedCases: 1 } });
  expect(record.cases.map(({ id }) => id)).toEqual(['batch=8,load=saturation']);
  expect(record.notices.map(({ id }) => id)).toContain('above-limit');
}, 120_000);

test.concurrent('a broken abort rule ends a case early', async ({ onTestFinished }) => {
  const place = ownPlace();
  onTestFinished(() => place.close());
  const { code } = await place.run(
    ...['run', 'tiny.yaml', '--set', 'load={poisson: {rate: 40/s}}', '--set', 'vary.batch.values=[8]'],
    ...['--set', 'limits.abort=[p99 > 1ms for 1s]', '--set', 'duration=20s'],
  );
  expect(code).toBe(0);
  const { cases, notices } = place.latest();
  expect(cases[0]?.durationS).toBeLessThan(15);
  expect(cases[0]?.events).toContainEqual(
    expect.objectContaining({ message: 'abort rule: p99 > 1ms for 1s' }),
  );
  expect(cases[0]?.credibility.reasons.map(({ id }) => id)).toContain('ended-early');
  expect(notices.map(({ id }) => id)).toContain('aborted');
}, 120_000);
