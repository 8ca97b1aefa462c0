import { describe, expect, it } from 'vitest';
import { parseBudgetText, parseExpression, parseWhere } from '../../../harness/scenario/expression.ts';

describe('expressions', () => {
  it.each([
    ['p99 < 50ms', 'p99', '<', 50, 'ms'],
    ['p99<1us', 'p99', '<', 0.001, 'ms'],
    ['p99.9 <= 1s', 'p999', '<=', 1000, 'ms'],
    ['response.p50 < 5ms', 'p50', '<', 5, 'ms'],
    ['service.p99.9 < 5ms', 'service.p999', '<', 5, 'ms'],
    ['errors < 0.1%', 'errors', '<', 0.001, 'fraction'],
    ['errors <= 0%', 'errors', '<=', 0, 'fraction'],
    ['throughput > 200/s', 'throughput', '>', 200, 'perS'],
    ['throughput >= 200 rows/s', 'throughput', '>=', 200, 'perS'],
    ['batch.meanRows > 4', 'batch.meanRows', '>', 4, 'rows'],
    ['batch.paddedRows <= 0 rows', 'batch.paddedRows', '<=', 0, 'rows'],
    ['serverMs.queue < 2ms', 'queue', '<', 2, 'ms'],
    ['cpuMsPer1000 < 412', 'cpuMsPer1000', '<', 412, 'ms'],
    ['unsent <= 0', 'unsent', '<=', 0, 'none'],
  ])('reads %s', (text, metric, op, bound, unit) => {
    expect(parseExpression(text)).toEqual({ metric, op, bound, unit, text });
  });

  it.each([
    ['p99 < 50', 'carries its unit', 'write 50ms'],
    ['errors < 0.001', 'carries its unit', 'write 0.1%'],
    ['throughput > 200', 'carries its unit', 'write 200/s'],
    ['p98 < 50ms', 'known: p50, p90', 'did you mean p9'],
    ['batch.meanrow > 4', 'known:', 'did you mean batch.meanRows?'],
    ['constructor > 4', 'known:', 'explain'],
    ['p99 = 50ms', 'one-sided', '<='],
    ['p99', 'a metric, a comparison and a bound', 'p99 < 50ms'],
    ['batch.meanRows > many', 'plain number', '4'],
  ])('refuses %s and advises', (text, problem, advice) => {
    const reading = parseExpression(text);
    if (!('problem' in reading)) throw new Error('was accepted');
    expect(reading.problem).toContain(problem);
    expect(reading.advice).toContain(advice);
  });

  it('reads places', () => {
    expect(parseWhere('batch=32, load=40%')).toEqual({ value: { batch: '32', load: '40%' } });
    expect(parseWhere('as found=max 32 rows')).toEqual({ value: { 'as found': 'max 32 rows' } });
    expect(parseWhere('batch')).toHaveProperty('problem');
    expect(parseWhere('batch=1,batch=2')).toHaveProperty('problem');
  });

  it('reads budgets with and without a place', () => {
    expect(parseBudgetText('p99<50ms @ batch=32,load=40%')).toEqual({
      expression: { metric: 'p99', op: '<', bound: 50, unit: 'ms', text: 'p99<50ms' },
      where: { batch: '32', load: '40%' },
    });
    expect(parseBudgetText('errors < 1%')).toMatchObject({ where: {} });
    expect(parseBudgetText('p99<50ms @')).toHaveProperty('problem');
    expect(parseBudgetText('p99<50 @ load=10%')).toHaveProperty('problem');
  });
});
