import { describe, expect, test } from 'vitest';
import { parseTrafficDay, parseTrafficRate } from '../../../harness/cost/traffic.ts';

describe('a day as CSV', () => {
  test('each line holds until the next, the last one into the next day', () => {
    const { segments } = parseTrafficDay('time,rate\n06:30,100/s\n12:00,400\n22:00,50\n', 'day.csv');
    expect(segments).toEqual([
      { hours: 5.5, requestsPerS: 100 },
      { hours: 10, requestsPerS: 400 },
      { hours: 8.5, requestsPerS: 50 },
    ]);
  });

  test('mistakes come all at once with their lines', () => {
    const act = () => parseTrafficDay('hour,rate\n25,10\n5,fast\n4,10\n', 'day.csv');
    expect(act).toThrow(/day\.csv:2 .*"25" is not a time of day/);
    expect(act).toThrow(/day\.csv:3 .*"fast" is not a rate/);
    expect(act).toThrow(/day\.csv:4 .*not later/);
  });

  test('a day without any traffic has no price per prediction', () => {
    expect(() => parseTrafficDay('hour,rate\n0,0\n12,0\n', 'day.csv')).toThrow(/no traffic at all/);
    expect(parseTrafficDay('hour,rate\n0,0\n12,10\n', 'day.csv')).toMatchObject({ meanPerS: 5 });
  });
});

describe('a rate', () => {
  test('with and without a peak', () => {
    expect(parseTrafficRate('500/s')).toMatchObject({ meanPerS: 500, peakPerS: 500 });
    expect(parseTrafficRate('500/s peak 1250/s')).toMatchObject({ meanPerS: 500, peakPerS: 1250 });
    expect(parseTrafficRate('30000/min')).toMatchObject({ meanPerS: 500 });
  });

  test.each(['500', '0/s', '500/s peak 100/s', 'lots'])('%s is refused', (text) => {
    expect(() => parseTrafficRate(text)).toThrow(/--traffic|not a mean/);
  });
});
