import { expect, it } from 'vitest';
import { closest } from '../../workflows/contract/closest.ts';

it.each([
  ['servce', 'service'],
  ['cuont', 'count'],
  ['maxUnavailabel', 'maxUnavailable'],
  ['ROLLBACK', 'Rollback'],
  ['servicee', 'service'],
  ['zzz', undefined],
  ['', undefined],
])('%j means %j', (word, meant) => {
  expect(closest(word, ['service', 'count', 'maxUnavailable', 'Rollback'])).toBe(meant);
});

it('takes the nearest, of equals the first', () => {
  expect(closest('afterGrap', ['afterBatch', 'afterGray', 'afterGrad'])).toBe('afterGray');
  expect(closest('x', [])).toBeUndefined();
});
