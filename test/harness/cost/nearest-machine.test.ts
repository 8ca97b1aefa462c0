import { describe, expect, test } from 'vitest';
import { loadPriceBook } from '../../../harness/cost/load-price-book.ts';
import { choosePricing, nearestMachine, ranOnOf } from '../../../harness/cost/nearest-machine.ts';
import { isMissing } from '../../../harness/record/figures.ts';
import { plantWinner } from '../../support/planted-records.ts';

const { machines } = loadPriceBook();
const book = { machines };
const AUTO = { machine: 'auto', term: 'on-demand' } as const;
const host = { cpuModel: 'AMD EPYC', cores: 8, memoryGib: 32 };

describe('the nearest machine', () => {
  test('has no accelerator for a run on CPUs, and cores before memory before price', () => {
    expect(nearestMachine(machines, 'on-demand', { ...host, cores: 2, memoryGib: 4 })?.name).toBe(
      'aws/c7i.large',
    );
    expect(nearestMachine(machines, 'on-demand', { ...host, cores: 8, memoryGib: 16 })?.name).toBe(
      'aws/c7g.2xlarge',
    );
    for (const cores of [1, 3, 12, 48, 200]) {
      expect(nearestMachine(machines, 'on-demand', { ...host, cores })?.accelerator).toBeUndefined();
    }
  });

  test.each([
    ['Tesla T4', 'aws/g4dn.2xlarge'],
    ['NVIDIA A10G', 'aws/g5.2xlarge'],
    ['NVIDIA A100-SXM4-80GB', 'gcp/a2-ultragpu-1g'],
    ['NVIDIA A100-SXM4-40GB', 'gcp/a2-highgpu-1g'],
  ])('has the same accelerator, as the driver names it: %s', (model, name) => {
    expect(nearestMachine(machines, 'on-demand', host, { model, count: 1 })?.name).toBe(name);
  });

  test('is none where no machine has that accelerator', () => {
    const pricing = choosePricing(book, AUTO, { host, accelerator: { model: 'NVIDIA Titan V', count: 1 } });
    expect(pricing).toEqual({ missing: 'no machine with NVIDIA Titan V has a known on-demand price' });
  });

  test('has a spot price where one is asked for', () => {
    expect(nearestMachine(machines, 'spot', host)?.name).toBe('gcp/c3-standard-8');
  });
});

describe('what a price rests on', () => {
  test('a run on this machine is an assumption about any other', () => {
    const pricing = choosePricing(book, AUTO, ranOnOf(plantWinner()));
    expect(pricing).toMatchObject({
      basis: 'assumed-same-throughput',
      whatIf: expect.stringContaining('AMD EPYC'),
    });
  });

  test('a declared machine is priced as itself', () => {
    const pricing = choosePricing(
      book,
      AUTO,
      ranOnOf({ ...plantWinner(), labels: { machine: 'aws/c7i.large' } }),
    );
    expect(pricing).toMatchObject({ basis: 'measured-on-this-machine', price: { usdPerHour: 0.08925 } });
    expect(pricing).not.toHaveProperty('whatIf');
  });

  test('own hardware is described where a machine is named, in a price or as what the run ran on', () => {
    const box = 'own/box:purchase=8760,lifetime=1y,power=1000W,energy=0.5/kWh';
    const asked = choosePricing(book, { machine: box, term: 'on-demand' }, ranOnOf(plantWinner()));
    expect(asked).toMatchObject({ price: { usdPerHour: 1.5, term: 'own', machine: { name: 'own/box' } } });
    expect(asked).toHaveProperty('whatIf');
    const declared = choosePricing(book, AUTO, ranOnOf({ ...plantWinner(), labels: { machine: box } }));
    expect(declared).toMatchObject({ basis: 'measured-on-this-machine', price: { usdPerHour: 1.5 } });
    expect(() =>
      choosePricing(book, { machine: 'own/box:lifetime=1', term: 'own' }, ranOnOf(plantWinner())),
    ).toThrow(/lifetime/);
  });

  test('a remote server of unknown machine has no price', () => {
    const record = plantWinner();
    for (const one of record.cases) {
      one.target = { kind: 'external', requested: { url: 'http://ranker.staging:8000' }, effective: {} };
    }
    const pricing = choosePricing(book, AUTO, ranOnOf(record));
    expect(isMissing(pricing) && pricing.missing).toContain('target.describe.machine');
  });

  test('a GPU in the machine is no accelerator of a run on its CPUs', () => {
    const record = plantWinner();
    const [first] = record.cases;
    if (first === undefined) throw new Error('nothing planted');
    first.utilization.gpu = [
      {
        index: 0,
        name: 'NVIDIA A10G',
        utilizationPct: 0,
        memoryUsedMiB: 1,
        memoryTotalMiB: 22_000,
        powerW: 10,
        smClockMHz: 200,
        throttleReasons: [],
      },
    ];
    first.target.effective.providerRan = 'cpu';
    expect(ranOnOf(record).accelerator).toBeUndefined();
    first.target.effective.providerRan = 'cuda';
    expect(ranOnOf(record).accelerator).toEqual({ model: 'NVIDIA A10G', count: 1 });
  });
});
