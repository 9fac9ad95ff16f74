import { expect, test } from 'vitest';
import { RetrievalGuardError } from './errors.ts';
import { packError, reviveError } from './threads.ts';

/** There and back as a message between threads. */
const posted = (error: unknown) => reviveError(structuredClone(packError(error)), 'work to be done');

test('an error of the package comes back as it was', () => {
  const error = new RetrievalGuardError('IMAGE_UNREADABLE', {
    expected: 'a picture',
    got: 'none',
    fix: 'Look.',
  });
  expect(posted(error)).toEqual(error);
  expect(posted(error).message).toBe(error.message);
});

test('another error comes back as WORKER_FAILED and says where it arose', () => {
  expect(posted(new TypeError('a fault'))).toMatchObject({
    code: 'WORKER_FAILED',
    expected: 'work to be done',
  });
  expect(posted(new TypeError('a fault')).got).toMatch(/TypeError: a fault\n.*threads\.test\.ts/);
  expect(posted('text').got).toBe('text');
});
