import { describe, expect, test } from 'vitest';
import { costCommand } from '../../../harness/commands/cost.ts';
import { UsageError } from '../../../harness/errors.ts';
import { plantNoneQualifies, plantWinner } from '../../support/planted-records.ts';

function moneyLines(text: string): string[] {
  return text.split('\n').filter((line) => line.includes('$') && !line.includes('per $1'));
}

describe('inferometer cost', () => {
  test('prices the nearest comparable machine and says so', () => {
    const { text, exitCode } = costCommand(plantWinner());
    expect(exitCode).toBe(0);
    expect(text).toContain('the nearest priced machine to this one (2 vCPUs for 2 cores, 8 for 8 GiB)');
    expect(text).toContain('measured on AMD EPYC (2 cores, 8 GiB)');
  });

  test('a CPU run priced as a GPU machine is a what-if in every line with money', () => {
    const { text } = costCommand(plantWinner(), { price: 'aws/g5.xlarge', traffic: '500/s peak 1250/s' });
    const lines = moneyLines(text);
    expect(lines.length).toBeGreaterThan(6);
    for (const line of lines) expect(line).toContain('what-if');
    expect(text).toContain('the NVIDIA A10G of aws/g5.xlarge did no');
  });

  test('measured on the priced machine, nothing is a what-if', () => {
    const record = { ...plantWinner(), labels: { machine: 'aws/c7i.large' } };
    const { text } = costCommand(record);
    expect(text).not.toMatch(/what-if/i);
    expect(text).toMatch(/batch 32 · delay 0ms\s+1,072\/s\s+\$0\.0000231\s+\$0\.0231\s+43\.2 M/);
  });

  test('a misspelt machine exits 3 and names the nearest', () => {
    const act = () => costCommand(plantWinner(), { price: 'aws/g5.xlarg' });
    expect(act).toThrow(UsageError);
    expect(act).toThrow(/Did you mean aws\/g5\.xlarge\?/);
  });

  test('the panel: 3 machines, $195.46, $0.000149, 6.4 times', () => {
    const { text, json } = costCommand(plantWinner(), {
      price: 'aws/c7i.large',
      traffic: '500/s peak 1250/s',
      headroom: 0.3,
      spare: 1,
    });
    expect(text).toMatch(/always on, for the peak\s+3\s+\$195\.46\s+\$0\.000149/);
    expect(text).toContain('6.4 times the price at full use: idle');
    expect(json).toMatchObject({ fleet: { axes: { batch: '32', delay: '0ms' }, plan: { machines: 3 } } });
  });

  test('no price at the SLO where none is proven: exit 2, with the bound that broke', () => {
    const { text, exitCode } = costCommand(plantNoneQualifies());
    expect(exitCode).toBe(2);
    expect(text).toContain('No setting has a price');
    expect(text.replace(/\s+/g, ' ')).toContain('breaks p99 < 10 ms');
  });

  test('every line fits 88 columns', () => {
    for (const options of [{}, { price: 'aws/g5.xlarge', traffic: '500/s peak 1250/s' }]) {
      const { text } = costCommand(plantWinner(), options);
      for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(88);
    }
  });

  test.each([
    [{ headroom: 1 }, /--headroom/],
    [{ spare: 0.5 }, /--spare/],
    [{ term: 'reserved' }, /on-demand, spot, own/],
    [{ traffic: 'nowhere.csv' }, /cannot read the traffic/],
    [{ price: 'aws/c7i.large', term: 'spot' }, /no spot price/],
  ])('%o is a usage error', (options, message) => {
    expect(() => costCommand(plantWinner(), options)).toThrow(message);
  });
});
