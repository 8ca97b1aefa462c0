import { describe, expect, test } from 'vitest';
import { ServingError } from '../../../reference-server/errors.ts';
import { newDoorCounts } from '../../../reference-server/operations/door-counts.ts';
import { type Access, Doorkeeper } from '../../../reference-server/operations/doorkeeper.ts';

const ACCESSES: readonly Access[] = ['open', 'call', 'admin'];

/** For open, call and admin: who it is, or why it is sent away. */
function outcomes(doorkeeper: Doorkeeper, authorization?: string): readonly (string | undefined)[] {
  return ACCESSES.map((access) => {
    try {
      return doorkeeper.admit(authorization, access);
    } catch (error) {
      return error instanceof ServingError ? error.kind : 'another error';
    }
  });
}

const NOBODY = undefined;
const NO = 'unauthenticated';

describe('who may ask for what', () => {
  const counts = newDoorCounts();
  const none = new Doorkeeper(undefined, undefined, counts);
  const callers = new Doorkeeper(['alpha', 'beta='], undefined, counts);
  const admins = new Doorkeeper(undefined, ['root'], counts);
  const both = new Doorkeeper(['alpha'], ['root'], counts);

  test.each([
    ['no tokens', none, 'Bearer whatever', [NOBODY, NOBODY, NOBODY]],
    ['tokens, none shown', callers, undefined, [NOBODY, NO, NO]],
    ['tokens, a wrong one', callers, 'Bearer alph', [NOBODY, NO, NO]],
    ['tokens, a longer one', callers, 'Bearer alphaa', [NOBODY, NO, NO]],
    ['tokens, of another scheme', callers, 'Basic alpha', [NOBODY, NO, NO]],
    ['tokens, two at once', callers, 'Bearer alpha beta=', [NOBODY, NO, NO]],
    ['tokens, the second', callers, 'bearer  beta= ', [NOBODY, 'caller 1', 'caller 1']],
    ['administrators only, none shown', admins, undefined, [NOBODY, NOBODY, NO]],
    ['administrators only, theirs', admins, 'Bearer root', [NOBODY, NOBODY, 'admin 0']],
    ['both, a caller', both, 'Bearer alpha', [NOBODY, 'caller 0', 'forbidden']],
    ['both, an administrator', both, 'Bearer root', [NOBODY, 'admin 0', 'admin 0']],
  ])('%s', (_, doorkeeper, authorization, expected) => {
    expect(outcomes(doorkeeper, authorization)).toEqual(expected);
  });

  test('whoever is sent away is counted, and told what is missing', () => {
    const own = newDoorCounts();
    const doorkeeper = new Doorkeeper(['alpha'], ['root'], own);
    outcomes(doorkeeper);
    outcomes(doorkeeper, 'Bearer alpha');
    expect(own).toMatchObject({ unauthenticated: 2, forbidden: 1 });
    expect(() => doorkeeper.admit(undefined, 'call')).toThrow('asks for a token');
    try {
      doorkeeper.admit('Bearer x', 'call');
    } catch (error) {
      expect(error).toMatchObject({
        status: 401,
        grpcCode: 16,
        headers: ['WWW-Authenticate', 'Bearer error="invalid_token"'],
      });
    }
  });
});
