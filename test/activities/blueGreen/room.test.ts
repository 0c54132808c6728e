import { describe, expect, it } from 'vitest';
import { tooSmall } from '../../../activities/blueGreen/room.ts';
import type { PodTemplate, ResourceQuota } from '../../../activities/kubernetes/wire.ts';
import { amountOf } from '../../../workflows/contract/amount.ts';

const quota = (hard: Record<string, string>, used: Record<string, string>, spec = {}): ResourceQuota => ({
  metadata: { name: 'team', uid: 'u', resourceVersion: '1' },
  spec,
  status: { hard, used },
});
const template: PodTemplate = {
  metadata: {},
  spec: {
    containers: [
      { name: 'app', image: 'a', resources: { requests: { cpu: '250m', memory: '128Mi' }, limits: { cpu: '1' } } },
      { name: 'side', image: 'b', resources: { limits: { memory: '64Mi' } } },
    ],
    initContainers: [{ name: 'init', image: 'c', resources: { requests: { cpu: '2' } } }],
  },
};

describe('room for all pods twice', () => {
  it.each([
    ['1', 1],
    ['250m', 0.25],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['2e3', 2000],
    ['3k', 3000],
    ['7E', 7e18],
  ])('%s is %d', (text, amount) => expect(amountOf(text)).toBeCloseTo(amount));

  it('what is left is compared with what so many pods need, whichever name the quota has for it', () => {
    expect(tooSmall(quota({ pods: '8' }, { pods: '4' }), template, 4)).toEqual([]);
    expect(tooSmall(quota({ pods: '7' }, { pods: '4' }), template, 4)).toEqual([
      { quota: 'team', resource: 'pods', hard: '7', used: '4' },
    ]);
    // An init container of 2 counts for more than 250m of the others; a limit stands for a request that is not there.
    expect(tooSmall(quota({ cpu: '8' }, {}), template, 4)).toEqual([]);
    expect(tooSmall(quota({ 'requests.cpu': '7' }, {}), template, 4)).toHaveLength(1);
    expect(tooSmall(quota({ memory: '768Mi' }, {}), template, 4)).toEqual([]);
    expect(tooSmall(quota({ memory: '767Mi' }, {}), template, 4)).toHaveLength(1);
    expect(tooSmall(quota({ 'limits.cpu': '3' }, {}), template, 4)).toHaveLength(1);
    expect(tooSmall(quota({ services: '0' }, {}), template, 4)).toEqual([]);
  });

  it('a quota for some pods only says nothing', () => {
    expect(tooSmall(quota({ pods: '0' }, {}, { scopes: ['BestEffort'] }), template, 1)).toEqual([]);
  });
});
