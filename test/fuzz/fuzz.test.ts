import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../harness/load/random.ts';
import { fuzzLoop } from './fuzz-loop.ts';
import { byteByByte, inPieces, mutated, UNCUT } from './mutations.ts';
import { SUBJECT_NAMES, SUBJECTS } from './subjects.ts';

describe('the fuzzer', () => {
  it.each(SUBJECT_NAMES)(
    'finds nothing in 1,000 cases of %s, with several outcomes among them',
    async (name) => {
      const subject = SUBJECTS[name];
      const { failure, cases, outcomes } = await fuzzLoop(
        subject,
        { seed: 7, first: 0, step: 1, end: 1000 },
        () => {},
      );
      expect(failure).toBeUndefined();
      expect(cases).toBe(1000);
      expect(Object.keys(outcomes).length).toBeGreaterThan(2);
    },
  );

  it.each(SUBJECT_NAMES)('makes a case of %s from seed and number alone', (name) => {
    const subject = SUBJECTS[name];
    const bytes = () => Buffer.concat(subject.example(seededRandom(7, 42)));
    expect(bytes()).toEqual(bytes());
    expect(bytes()).not.toEqual(Buffer.concat(subject.example(seededRandom(7, 43))));
  });

  it('stops at a failure and names it', async () => {
    const subject = {
      name: 'broken',
      example: () => [],
      run: (random: () => number) => {
        if (random() < 0.1) throw new Error('found');
        return 'fine';
      },
    };
    const { failure, cases } = await fuzzLoop(subject, { seed: 1, first: 0, step: 1, end: 1000 }, () => {});
    expect(failure?.message).toContain('found');
    expect(failure?.index).toBe(cases);
  });

  it('cuts bytes into pieces that are the same bytes, and changes them within bounds', () => {
    const random = seededRandom(3);
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    for (let round = 0; round < 200; round++) {
      for (const cutting of [UNCUT, byteByByte(), inPieces(random)]) {
        for (let left = 1; left < 1000; left *= 3) expect(cutting(left)).toBeGreaterThan(0);
      }
      expect(mutated(bytes, random, [Buffer.from('\r\n')]).length).toBeLessThan(600);
    }
  });
});
