import { describe, expect, it } from 'vitest';
import { roomIn } from '../../../activities/kubernetes/budgets.ts';
import type { Pod, PodDisruptionBudget } from '../../../activities/kubernetes/wire.ts';
import { podOf, running } from './pods.ts';

const image = 'registry.local/checkout:v1';
const pod = (name: string, ready = true, labels: Record<string, string> = { app: 'web' }): Pod =>
  podOf({ image, status: running(image, { ready }), ready, before: null, metadata: { name, uid: name, labels } });

function budget(
  status: { desired: number; current: number; expected: number; seen?: number } | undefined,
  matchLabels: Record<string, string> = { app: 'web' },
): PodDisruptionBudget {
  return {
    metadata: { name: 'web', namespace: 'shop', uid: 'b', resourceVersion: '1', generation: 2 },
    spec: { selector: { matchLabels } },
    ...(status && {
      status: {
        observedGeneration: status.seen ?? 2,
        desiredHealthy: status.desired,
        currentHealthy: status.current,
        expectedPods: status.expected,
        disruptionsAllowed: Math.max(0, status.current - status.desired),
      },
    }),
  };
}

describe('what a PodDisruptionBudget leaves to a workload', () => {
  const four = ['a', 'b', 'c', 'd'].map((name) => pod(name));

  it('is what it allows to be disrupted, where all are well', () => {
    expect(roomIn(budget({ desired: 3, current: 4, expected: 4 }), four)).toEqual({ name: 'web', out: 1 });
    expect(roomIn(budget({ desired: 4, current: 4, expected: 4 }), four)).toEqual({ name: 'web', out: 0 });
  });

  it('counts those that are down already', () => {
    const oneDown = [pod('a', false), ...four.slice(1)];
    expect(roomIn(budget({ desired: 2, current: 3, expected: 4 }), oneDown)).toEqual({ name: 'web', out: 2 });
  });

  it('does not go by a status that is behind: pods that are out by now are in it still', () => {
    const twoDown = [pod('a', false), pod('b', false), ...four.slice(2)];
    expect(roomIn(budget({ desired: 2, current: 4, expected: 4 }), twoDown)).toEqual({ name: 'web', out: 2 });
  });

  it('a pod that is missing is one less that may be out', () => {
    expect(roomIn(budget({ desired: 3, current: 3, expected: 4 }), four.slice(1))).toEqual({ name: 'web', out: 0 });
  });

  it('takes what the pods of other workloads leave, where it covers those too', () => {
    // Six of the ten are others: all well, then two of them down.
    expect(roomIn(budget({ desired: 8, current: 10, expected: 10 }), four)).toEqual({ name: 'web', out: 2 });
    expect(roomIn(budget({ desired: 8, current: 8, expected: 10 }), four)).toEqual({ name: 'web', out: 0 });
  });

  it('is nothing until its controller has looked at it', () => {
    expect(roomIn(budget(undefined), four)).toEqual({ name: 'web', out: 0 });
    expect(roomIn(budget({ desired: 1, current: 4, expected: 4, seen: 1 }), four)).toEqual({ name: 'web', out: 0 });
  });

  it('of other pods is none of ours; an empty selector is about all', () => {
    expect(roomIn(budget({ desired: 1, current: 1, expected: 1 }, { app: 'other' }), four)).toBeUndefined();
    expect(roomIn(budget({ desired: 1, current: 4, expected: 4 }, {}), four)).toEqual({ name: 'web', out: 3 });
  });
});
