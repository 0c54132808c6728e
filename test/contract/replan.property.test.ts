import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlannedBatch, PlannedPod } from '../../workflows/contract/plan.ts';
import { replan, type Standing } from '../../workflows/contract/planner/replan.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import { anyPods, anyStrategy, observe, specOf } from './observations.ts';

/** A plan, how many of its batches have begun, which of the pods ahead have died, and how many were born. */
const anyCase = fc
  .record({ pods: anyPods, strategy: anyStrategy, begun: fc.nat(6), died: fc.nat(0xffff), born: fc.nat(12) })
  .map(({ pods, strategy, begun, died, born }) => {
    const plan = planRelease(
      specOf({ strategy }),
      observe(pods.map((pod) => ({ ...pod, images: { app: 'r.test/checkout:v1' } }))),
    );
    const before = plan.batches.slice(0, begun);
    const ahead = plan.batches.slice(begun);
    const numbered = before.filter(({ name }) => name !== 'gray');
    const standing: Standing = {
      shape: plan.shape,
      ahead,
      begun: { batches: numbered.length, pods: podsIn(numbered).length },
    };
    const left = podsIn(ahead).filter((_, index) => ((died >> (index % 16)) & 1) === 0);
    const fresh = Array.from(
      { length: born },
      (_, index): PlannedPod => ({ name: `new${index}`, uid: `new-uid-${index}`, node: 'n', ready: true }),
    );
    return { standing, outdated: [...fresh, ...left], left, fresh };
  });

const podsIn = (batches: readonly PlannedBatch[]): readonly PlannedPod[] => batches.flatMap(({ pods }) => pods);
const names = (pods: readonly PlannedPod[]): string[] => pods.map(({ name }) => name);

describe('a plan made anew in mid-release', () => {
  it('is the old one where nothing changed', () => {
    fc.assert(
      fc.property(anyCase, ({ standing }) => {
        expect(replan(standing, podsIn(standing.ahead).toReversed())).toEqual(standing.ahead);
      }),
    );
  });

  it('has each pod that is left in exactly one batch, none empty, each under a name of its own', () => {
    fc.assert(
      fc.property(anyCase, ({ standing, outdated }) => {
        const batches = replan(standing, outdated);
        expect(names(podsIn(batches)).toSorted()).toEqual(names(outdated).toSorted());
        expect(batches.every(({ pods }) => pods.length > 0)).toBe(true);
        expect(new Set(batches.map(({ name }) => name)).size).toBe(batches.length);
      }),
    );
  });

  it('keeps planned pods in their order, new ones after them', () => {
    fc.assert(
      fc.property(anyCase, ({ standing, outdated, left }) => {
        const order = names(podsIn(replan(standing, outdated)));
        const known = new Set(names(left));
        expect(order.filter((name) => known.has(name))).toEqual(names(left));
      }),
    );
  });

  it('still begins with a gray group where that has not begun', () => {
    fc.assert(
      fc.property(anyCase, ({ standing, outdated }) => {
        const gray = standing.ahead[0]?.name === 'gray';
        const [first] = replan(standing, outdated);
        expect(first?.name === 'gray').toBe(gray && first !== undefined);
      }),
    );
  });
});

describe('scenario 18', () => {
  const pods = (count: number, from = 0): PlannedPod[] =>
    Array.from({ length: count }, (_, index) => ({
      name: `p${from + index}`,
      uid: `u${from + index}`,
      node: 'n',
      ready: true,
    }));
  const shape: Standing['shape'] = {
    batches: ['20%', '20%', '20%', '20%', '20%'],
    maxUnavailable: '25%',
    spreadBy: 'zone',
    gate: { bakeMs: 0 },
  };
  const sizes = (standing: Standing, outdated: readonly PlannedPod[]) =>
    replan(standing, outdated).map((batch) => batch.pods.length);

  it('5 → 10 after the first batch: the second reaches 40 % of ten', () => {
    expect(sizes({ shape, ahead: [], begun: { batches: 1, pods: 1 } }, pods(9, 1))).toEqual([3, 2, 2, 2]);
  });

  it('10 → 5 after the first batch of two: the shares of five are met already', () => {
    expect(sizes({ shape, ahead: [], begun: { batches: 1, pods: 2 } }, pods(3, 2))).toEqual([1, 1, 1]);
  });
});
