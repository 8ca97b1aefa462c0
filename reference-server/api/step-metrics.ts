import { Counter, type Registry } from 'prom-client';
import type { ServedModel } from '../models/served-model.ts';
import type { StepStatistics } from '../telemetry/statistics.ts';

const COUNTERS: readonly (readonly [name: string, help: string, read: (step: StepStatistics) => number])[] = [
  ['inferometer_step_total', 'Requests that a step ran for', ({ success }) => success.count],
  [
    'inferometer_step_duration_us',
    'Cumulative time of a step, of a model within an ensemble with waiting for it',
    ({ success }) => Math.round(success.ns / 1000),
  ],
  ['inferometer_step_failures_total', 'Requests that failed in a step', ({ fail }) => fail.count],
];

/** Of the steps of pipelines and the nodes of ensembles, by the labels that the statistics have for them. */
export function addStepMetrics(registry: Registry, repository: { all(): readonly ServedModel[] }): void {
  for (const [name, help, read] of COUNTERS) {
    new Counter({
      name,
      help,
      labelNames: ['model', 'version', 'step'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { signature, version, statistics } of repository.all()) {
          for (const [step, counts] of statistics.steps) {
            this.inc({ model: signature.name, version, step }, read(counts));
          }
        }
      },
    });
  }
}
