import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { apportion, progressBar } from '../../../../client/cli/view/bar.ts';
import { batch, look, repeat } from '../fixtures.ts';

test('shares sum up to the width, and nothing that exists is invisible', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(5000), { minLength: 5, maxLength: 5 }),
      fc.integer({ min: 8, max: 60 }),
      (counts, width) => {
        const shares = apportion(counts, width);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(width);
        const visible = (numbers: readonly number[]): boolean[] => numbers.map((number) => number > 0);
        // With no pods at all the bar is empty from end to end.
        const expected = counts.every((count) => count === 0) ? [0, 0, 0, 0, width] : counts;
        expect(visible(shares)).toEqual(visible(expected));
      },
    ),
  );
});

test('one failed pod among a thousand is seen', () => {
  const { pods } = batch('batch-1', 'running', [...repeat(999, 'done' as const), ['failed', 'crash']]);
  expect(progressBar(pods, 10, look({ colour: true }))).toContain('\u001B[31m━');
});
