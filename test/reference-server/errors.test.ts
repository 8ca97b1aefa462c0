import { describe, expect, test } from 'vitest';
import { ServingError } from '../../reference-server/errors.ts';

describe('a ServingError', () => {
  test('says where it was made, unless it refuses for lack of room, which a full queue does by the thousand', () => {
    expect(new ServingError('internal', 'a fault').stack).toContain('errors.test');
    expect(new ServingError('unavailable', 'full').stack).not.toContain('errors.test');
    expect(new Error('another').stack).toContain('errors.test');
  });
});
