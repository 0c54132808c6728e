import { describe, expect, it } from 'vitest';
import { bounded } from '../../../activities/scale/scalers.ts';

describe('the bounds of an HPA after a scale', () => {
  const before = { minReplicas: 3, maxReplicas: 10 };
  const after = (from: number, to: number, bound = true) => Object.values(bounded(before, { from, to, bound }));

  it('are what they were, unless they shall hold the number', () => {
    expect(after(5, 20, false)).toEqual([3, 10]);
  });

  it('scaled up it may not go below the number, scaled down not above', () => {
    expect(after(5, 20)).toEqual([20, 20]);
    expect(after(5, 8)).toEqual([8, 10]);
    expect(after(8, 5)).toEqual([3, 5]);
    expect(after(8, 2)).toEqual([2, 2]);
  });

  it('always hold the number', () => {
    expect(after(1, 2)).toEqual([2, 10]);
    expect(after(30, 20)).toEqual([3, 20]);
  });

  it('none at all is nothing that an HPA could hold', () => {
    expect(after(5, 0)).toEqual([3, 10]);
  });
});
