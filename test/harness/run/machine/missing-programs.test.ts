import { expect, test } from 'vitest';
import { missingPrograms } from '../../../../harness/run/machine/missing-programs.ts';
import { scenarioFromText } from '../../../../harness/scenario/load-file.ts';

test('a balancer that is not installed is told before anything is measured, each once', () => {
  const vary = 'vary: { balancer: { path: target.balancer.kind, values: [inferometer, haproxy] } }\n';
  const { settings } = scenarioFromText(
    `target: { reference: { model: recommender, replicas: 2 } }\n${vary}`,
    'x.yaml',
  );
  const problems = missingPrograms({ settings: [...settings, ...settings] }, ['/nowhere']);
  expect(problems).toEqual([
    {
      field: 'target.balancer.kind',
      message: 'haproxy is not installed',
      advice: 'apt-get install haproxy; or kind: inferometer',
    },
  ]);
});

test('a Redis that the run is to start is told as missing, one that it only connects to is not', () => {
  const problemsOf = (cache: string) =>
    missingPrograms(
      scenarioFromText(`target: { reference: { model: recommender, cache: ${cache} } }\n`, 'x.yaml'),
      ['/nowhere'],
    );
  expect(problemsOf('{ kind: redis }')).toMatchObject([
    { field: 'target.reference.cache', message: expect.stringContaining('redis-server or valkey-server') },
  ]);
  expect(problemsOf('{ kind: redis, url: "redis://cache" }')).toEqual([]);
  expect(problemsOf('{ kind: local }')).toEqual([]);
});
