import { describe, expect, it } from 'vitest';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';
import { problemsOfText } from '../../support/refusal.ts';

const targetsOf = (text: string) => scenarioFromText(text, 'x.yaml').settings.map(({ target }) => target);
const of = (reference: string, besides = '') =>
  `target: { reference: { model: recommender${reference} }${besides} }\n`;

describe('replicas of the bundled server', () => {
  it('stand behind our balancer unless the scenario names another', () => {
    const [two] = targetsOf(of(', replicas: 2'));
    expect(two).toMatchObject({ replicas: 2, balancer: { kind: 'inferometer', policy: 'leastInFlight' } });
    const [three] = targetsOf(of(', replicas: 3', ', balancer: { kind: haproxy, policy: twoChoices }'));
    expect(three).toMatchObject({ replicas: 3, balancer: { kind: 'haproxy', policy: 'twoChoices' } });
  });

  it('a single one has a balancer only where the scenario says so, and is else the server that it was', () => {
    expect(targetsOf(of(', replicas: 1'))).toEqual(targetsOf(of('')));
    expect(targetsOf(of(''))[0]).not.toHaveProperty('replicas');
    expect(targetsOf(of('', ', balancer: {}'))[0]).toMatchObject({
      replicas: 1,
      balancer: { kind: 'inferometer' },
    });
  });

  it('can be varied, their balancer too', () => {
    const vary = `vary:
  replicas: { path: target.reference.replicas, values: [1, 2] }
  policy: { path: target.balancer.policy, values: [roundRobin, twoChoices] }
`;
    const targets = targetsOf(of('') + vary);
    expect(
      targets.map((target) => target.kind === 'reference' && [target.replicas, target.balancer?.policy]),
    ).toEqual([
      [1, 'roundRobin'],
      [1, 'twoChoices'],
      [2, 'roundRobin'],
      [2, 'twoChoices'],
    ]);
  });

  it.each([
    [of(', replicas: 0'), 'target.reference.replicas', 'from 1'],
    [of('', ', balancer: { kind: haprox }'), 'target.balancer.kind', 'allowed: inferometer, haproxy, nginx'],
    [of('', ', balancer: { policy: random }'), 'target.balancer.policy', 'allowed: roundRobin'],
    [
      'target: { url: "http://h:1", model: m, balancer: {} }\n',
      'target.balancer',
      'about the replicas of the bundled',
    ],
  ])('%s is refused', (text, field, message) => {
    const [problem, ...others] = problemsOfText(text);
    expect(others).toEqual([]);
    expect(problem?.field).toBe(field);
    expect(problem?.message).toContain(message);
  });
});
