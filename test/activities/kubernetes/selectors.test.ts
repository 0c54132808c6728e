import { describe, expect, it } from 'vitest';
import { selectorText, selects } from '../../../activities/kubernetes/selectors.ts';

const full = {
  matchLabels: { app: 'web', tier: 'front' },
  matchExpressions: [
    { key: 'zone', operator: 'In', values: ['a', 'b'] },
    { key: 'track', operator: 'NotIn', values: ['canary'] },
    { key: 'owner', operator: 'Exists' },
    { key: 'legacy', operator: 'DoesNotExist' },
  ],
};

describe('selectorText', () => {
  it('is what kubectl -l takes', () => {
    expect(selectorText(full)).toBe('app=web,tier=front,zone in (a,b),track notin (canary),owner,!legacy');
    expect(selectorText({})).toBe('');
  });
});

describe('selects', () => {
  const labels = { app: 'web', tier: 'front', zone: 'b', owner: 'x' };

  it.each([
    ['all hold', labels, true],
    ['another value', { ...labels, app: 'api' }, false],
    ['not in the set', { ...labels, zone: 'c' }, false],
    ['in the forbidden set', { ...labels, track: 'canary' }, false],
    ['a key that must be there is missing', { app: 'web', tier: 'front', zone: 'a' }, false],
    ['a key that must not be there', { ...labels, legacy: '' }, false],
  ])('%s', (_, found, expected) => {
    expect(selects(full, found)).toBe(expected);
  });

  it('everything, when empty', () => {
    expect(selects({}, {})).toBe(true);
  });
});
