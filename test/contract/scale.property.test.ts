import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScaleObservation, ScalePod } from '../../workflows/contract/scale/observation.ts';
import { planScale } from '../../workflows/contract/scale/planner.ts';
import type { ScaleSpecInput } from '../../workflows/contract/scale/spec.schema.ts';
import { validateScale } from '../../workflows/contract/scale/validate.schema.ts';

const zone = 'topology.kubernetes.io/zone';

const podOf = (index: number, change: Partial<ScalePod> = {}): ScalePod => ({
  name: `p${index}`,
  uid: `u${index}`,
  node: `n${index % 3}`,
  nodeReady: true,
  nodeLabels: { [zone]: `z${index % 3}` },
  labels: {},
  ready: true,
  createdAt: `2026-01-01T00:00:${String(index % 60).padStart(2, '0')}Z`,
  images: { app: 'r.test/app:v1' },
  imageIDs: {},
  rank: 4,
  cost: 0,
  ...change,
});

function observed(pods: readonly ScalePod[], change: Partial<ScaleObservation> = {}): ScaleObservation {
  return {
    target: { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' },
    uid: 'w',
    replicas: pods.length,
    minReadySeconds: 0,
    paused: false,
    leftHeld: false,
    readinessGates: [],
    templateImages: { app: 'r.test/app:v1' },
    pods,
    findings: { owners: [], services: [], openServices: [], probeSeconds: 1, scalers: [], budgets: [] },
    ...change,
  };
}

const specOf = (to: number, change: Partial<ScaleSpecInput> = {}, hpa: 'Refuse' | 'Suspend' | 'Bound' = 'Refuse') =>
  validateScale({
    metadata: { namespace: 'shop' },
    target: { cluster: 'local', workload: 'deployment/checkout' },
    scale: { to, allowZero: to === 0, hpa },
    ...change,
  });

const anyBatches = fc.oneof(
  fc.record({ count: fc.integer({ min: 1, max: 9 }) }),
  fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }),
  fc.constantFrom<string[]>(['10%', '40%', '50%'], ['1%', '99%'], ['50%']),
);
const anyPods = fc
  .array(fc.record({ rank: fc.constantFrom(0, 1, 3, 4, 4, 4), cost: fc.integer({ min: -3, max: 3 }) }), {
    minLength: 1,
    maxLength: 60,
  })
  .map((all) => all.map(({ rank, cost }, index) => podOf(index, { rank, cost, ready: rank === 4 })));
const anyCase = fc.record({ pods: anyPods, to: fc.integer({ min: 0, max: 80 }), batches: anyBatches });

const holds = (check: (given: typeof anyCase extends fc.Arbitrary<infer T> ? T : never) => void): void => {
  fc.assert(
    fc.property(
      anyCase.filter(({ pods, to }) => pods.length !== to),
      check,
    ),
    { numRuns: 300 },
  );
};

describe('every plan of a scale', () => {
  it('has batches of at least one pod whose sum is the difference, and names no pod twice', () => {
    holds(({ pods, to, batches }) => {
      const plan = planScale(specOf(to, { strategy: { batches } }), observed(pods));
      const names = plan.batches.flatMap((batch) => batch.pods.map(({ uid }) => uid));
      expect(plan.batches.every((batch) => batch.pods.length > 0)).toBe(true);
      expect(names.length).toBe(Math.abs(pods.length - to));
      expect(new Set(names).size).toBe(names.length);
      expect(plan.batches.map(({ name }) => name)).toEqual(plan.batches.map((_, at) => `batch-${at + 1}`));
    });
  });

  it('takes only pods that are there, and none before one that its controller takes first', () => {
    holds(({ pods, to, batches }) => {
      if (to > pods.length) return;
      const plan = planScale(specOf(to, { strategy: { batches } }), observed(pods));
      const ranks = new Map(pods.map(({ uid, rank }) => [uid, rank]));
      const going = plan.batches.flatMap((batch) => batch.pods.map(({ uid }) => uid));
      const order = going.map((uid) => ranks.get(uid) ?? -1);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      const last = Math.max(...order);
      const staying = pods.filter(({ uid }) => !going.includes(uid));
      expect(staying.length).toBe(to);
      expect(staying.every(({ rank }) => rank >= last)).toBe(true);
    });
  });

  it('does not depend on the order of the pods', () => {
    holds(({ pods, to, batches }) => {
      const spec = specOf(to, { strategy: { batches } });
      const of = (all: readonly ScalePod[]) => {
        const plan = planScale(spec, observed(all));
        return { ...plan, scale: { ...plan.scale, youngest: plan.scale?.youngest.toSorted() } };
      };
      expect(of(pods.toReversed())).toEqual(of(pods));
    });
  });

  it('takes the lower pod-deletion-cost first among those that are ready', () => {
    holds(({ pods, to }) => {
      if (to >= pods.length) return;
      const ready = pods.map((pod) => ({ ...pod, rank: 4, ready: true }));
      const plan = planScale(specOf(to), observed(ready));
      const going = new Set(plan.batches.flatMap((batch) => batch.pods.map(({ uid }) => uid)));
      const costs = (goes: boolean) => ready.filter(({ uid }) => going.has(uid) === goes).map(({ cost }) => cost);
      expect(Math.max(...costs(true))).toBeLessThanOrEqual(Math.min(Number.POSITIVE_INFINITY, ...costs(false)));
    });
  });
});

describe('the plan of a scale', () => {
  const six = Array.from({ length: 6 }, (_, index) => podOf(index));

  it('names the exact pods that go: those that are selected', () => {
    const strategy = { batches: [1, 1], select: { nodes: { zone: 'z1' } } };
    const plan = planScale(specOf(4, { strategy }), observed(six));
    expect(plan.batches.map(({ pods }) => pods.map(({ name }) => name))).toEqual([['p4'], ['p1']]);
    expect(plan.change).toMatchObject({ fromVersion: '6 pods', version: '4 pods', to: {} });
  });

  it('names as many slots as pods come', () => {
    const plan = planScale(specOf(9, { strategy: { batches: [1, 2] } }), observed(six));
    expect(plan.batches.map(({ pods }) => pods.length)).toEqual([1, 2]);
    // Those of the last seconds cannot be told from pods that come by their time of birth.
    expect(plan.scale).toMatchObject({ from: 6, to: 9, youngest: ['u3', 'u4', 'u5'] });
  });

  it('refuses a selection that is too small, not exact, or that its controller would not keep to', () => {
    const select = (names: readonly string[], to = 4) =>
      planScale(specOf(to, { strategy: { select: { names: [...names] } } }), observed(six));
    expect(() => select(['p1'])).toThrow('found 1 pod that matches; allowed: exactly 2');
    expect(() => select(['p1', 'p9'])).toThrow('found p9; allowed: names of pods that are there');
    const ill = six.map((pod, at) => (at === 0 ? { ...pod, ready: false, rank: 3 } : pod));
    const strategy = { select: { names: ['p1', 'p2'] } };
    expect(() => planScale(specOf(4, { strategy }), observed(ill))).toThrow(
      /p0 too: of deployment\/checkout pods that are not ready go before all others/,
    );
  });

  it('refuses a StatefulSet another pod than the highest ordinal', () => {
    const target = { cluster: 'local', namespace: 'shop', kind: 'statefulset', name: 'db' };
    const numbered = six.map((pod, at) => ({ ...pod, ordinal: at, rank: -at }));
    const plan = planScale(specOf(4), observed(numbered, { target }));
    expect(plan.batches.flatMap(({ pods }) => pods.map(({ name }) => name))).toEqual(['p5', 'p4']);
    const strategy = { select: { names: ['p0', 'p1'] } };
    expect(() => planScale(specOf(4, { strategy }), observed(numbered, { target }))).toThrow(
      'the highest ordinals go first',
    );
  });

  it('refuses the number that it has, and a workload without all its pods', () => {
    expect(() => planScale(specOf(6), observed(six))).toThrow('deployment/checkout is asked for 6 pods already.');
    expect(() => planScale(specOf(2), observed(six, { replicas: 8 }))).toThrow('has 6 of its 8 pods');
  });

  it('respects an HPA: refuses with its bounds, suspends with a warning, bounds without', () => {
    const { findings } = observed(six);
    const scaled = observed(six, { findings: { ...findings, scalers: [{ name: 'hpa', min: 2, max: 8 }] } });
    expect(() => planScale(specOf(10), scaled)).toThrow('HorizontalPodAutoscaler hpa (2 to 8) says how many pods');
    const suspended = planScale(specOf(10, {}, 'Suspend'), scaled);
    expect(suspended.warnings).toMatchObject([{ code: 'AUTOSCALER' }]);
    expect(suspended.warnings[0]?.message).toContain('bring deployment/checkout from 10 to 8');
    expect(planScale(specOf(10, {}, 'Bound'), scaled)).toMatchObject({ warnings: [], scale: { scalers: ['hpa'] } });
  });

  it('takes every pod away only where that is said', () => {
    const zero = { target: { cluster: 'local', workload: 'deployment/checkout' }, scale: { to: 0 } };
    expect(() => validateScale(zero)).toThrow('needs scale.allowZero');
    expect(planScale(specOf(0), observed(six)).batches.flatMap(({ pods }) => pods)).toHaveLength(6);
  });

  it('warns of a Service that is not drained, and of a budget that the number does not keep', () => {
    const { findings } = observed(six);
    const more = { services: ['web'], budgets: [{ name: 'pdb', healthy: 5 }] };
    const plan = planScale(specOf(4), observed(six, { findings: { ...findings, ...more } }));
    expect(plan.warnings.map(({ code }) => code)).toEqual(['NO_DRAIN', 'DISRUPTION_BUDGET']);
  });
});
