import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { greenOf } from '../../../workflows/contract/blueGreen/share.ts';
import type { CanaryObservation } from '../../../workflows/contract/canary/observation.ts';
import type { PlannedRoute } from '../../../workflows/contract/canary/plan.ts';
import { canarySteps } from '../../../workflows/contract/canary/steps.ts';
import { type ErrorCode, SluiceError } from '../../../workflows/contract/errors.ts';
import type { Observation, Preview } from '../../../workflows/contract/observation.ts';
import { planRelease } from '../../../workflows/contract/planner.ts';
import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import { observe, podsOf, specOf } from '../observations.ts';

const preview: Preview = { from: 'abc', source: { patch: {} }, images: { app: 'r.test/checkout:v1' }, differs: [] };
const route: PlannedRoute = { kind: 'HTTPRoute', name: 'web', service: 'checkout', canary: 'checkout-canary' };
const seen = (change: Partial<CanaryObservation> = {}): Partial<Observation> => ({
  preview,
  canary: { services: ['checkout'], short: [], ...change },
});
const asked = { kind: 'HTTPRoute', name: 'web' } as const;
type Canary = NonNullable<NonNullable<ReleaseSpecInput['strategy']>['canary']>;
const spec = (canary: Canary, change: Partial<ReleaseSpecInput> = {}) =>
  specOf({ strategy: { mode: 'Canary', canary }, ...change });

describe('the plan of a canary', () => {
  it('by numbers: new pods beside all old ones, step by step, in the end as many; a gate after each', () => {
    const { batches, canary, mode } = planRelease(
      spec({ steps: [{ pods: 1 }, { pods: '50%' }] }),
      observe(podsOf(4), seen()),
    );
    expect(mode).toMatchObject({ used: 'Canary', reason: expect.stringContaining('half at most') });
    expect(batches.map(({ name, pods, gate }) => [name, pods.length, gate.id])).toEqual([
      ['canary-1', 1, 'after-canary-1'],
      ['canary-2', 1, 'after-canary-2'],
      ['canary-3', 2, 'after-canary-3'],
      ['old', 4, 'after-switch'],
    ]);
    expect(batches.map(({ gate }) => gate.approval?.required ?? 0)).toEqual([1, 0, 0, 0]);
    expect(canary).toEqual({ services: ['checkout'], steps: [{ pods: 1 }, { pods: '50%' }, { pods: '100%' }] });
  });

  it('by shares alone: so many pods, with a route so many callers', () => {
    const steps = ['10%', 3, { pods: '90%' }] as const;
    expect(canarySteps({ steps: [...steps] }, 10).map(({ pods }) => pods)).toEqual(['10%', 3, '90%', '100%']);
    expect(canarySteps({ steps: ['10%', 3], route: asked }, 10)).toEqual([
      { pods: '10%', split: { weight: 10 } },
      { pods: 3, split: { weight: 10 } },
      { pods: '100%', split: { weight: 100 } },
    ]);
  });

  it('by a route: a header first, then weights, pods as they ask for; writes say all of it in order', () => {
    const match = { header: { name: 'x-canary', value: 'yes' } };
    const steps = [{ match }, { weight: 30 }, { weight: 60, pods: '100%' }];
    const { canary, writes, batches } = planRelease(spec({ route: asked, steps }), observe(podsOf(4), seen({ route })));
    expect(canary?.steps).toEqual([
      { pods: 1, split: { weight: 0, match } },
      { pods: '30%', split: { weight: 30, match } },
      { pods: '100%', split: { weight: 60, match } },
    ]);
    expect(batches.map(({ pods }) => pods.length)).toEqual([1, 1, 2, 4]);
    const order = [
      '1 pod, header x-canary: yes',
      'Create Service checkout-canary',
      '30% and header',
      '60% and',
      'as it was',
      'Delete',
    ];
    const places = order.map((words) => writes.findIndex((write) => write.includes(words)));
    expect([places, places.includes(-1)]).toEqual([places.toSorted((a, b) => a - b), false]);
  });

  it('by an Ingress: one more of them is made beside, has weight 0 before the old pods go, and goes', () => {
    const beside: PlannedRoute = { ...route, kind: 'Ingress' };
    const given = spec({ route: { kind: 'Ingress', name: 'web' }, steps: [{ weight: 30 }] });
    const { writes } = planRelease(given, observe(podsOf(4), seen({ route: beside })));
    const order = [
      'Create Service checkout-canary, which selects the new pods, and Ingress checkout-canary beside web',
      'Ingress checkout-canary with weight 0',
      'When the old pods are silent',
      'Delete Ingress and Service checkout-canary',
    ];
    const places = order.map((words) => writes.findIndex((write) => write.includes(words)));
    expect([places, places.includes(-1)]).toEqual([places.toSorted((a, b) => a - b), false]);
  });

  it('warns of few pods for many callers', () => {
    const given = spec({ route: asked, steps: [{ weight: 50, pods: 1 }] });
    const { warnings } = planRelease(given, observe(podsOf(4), seen({ route })));
    expect(warnings.map(({ code }) => code)).toContain('CANARY_CROWDED');
  });

  it('whatever the steps are: pods and weights never fall, and all pods are there in the end', () => {
    const anyStep = fc.record(
      {
        pods: fc.oneof(
          fc.integer({ min: 1, max: 30 }),
          fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
        ),
        weight: fc.integer({ min: 0, max: 100 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.array(anyStep, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        (some, replicas) => {
          const weights = some.map(({ weight }) => weight ?? 0).toSorted((a, b) => a - b);
          const steps = canarySteps(
            { route: asked, steps: some.map((step, at) => ({ ...step, weight: weights[at] ?? 0 })) },
            replicas,
          );
          const counts = steps.map(({ pods }) => greenOf(replicas, pods));
          const shares = steps.map(({ split }) => split?.weight ?? 0);
          expect(counts).toEqual(counts.toSorted((a, b) => a - b));
          expect(shares).toEqual(shares.toSorted((a, b) => a - b));
          expect([counts.at(-1), counts.every((count) => count > 0)]).toEqual([replicas, true]);
        },
      ),
    );
  });
});

const of = (kind: string): Partial<Observation> => ({
  ...seen(),
  target: { cluster: 'local', namespace: 'shop', kind, name: 'checkout' },
});

describe('is refused before anything is touched', () => {
  const steps = [{ pods: 1 }];
  const cases: readonly (readonly [string, ErrorCode, string, () => unknown])[] = [
    [
      'another kind',
      'MODE_UNSUPPORTED',
      'Canary is for Deployments',
      () => planRelease(spec({ steps }), observe(podsOf(2), of('statefulset'))),
    ],
    [
      'no Service',
      'WORKLOAD_UNFIT',
      'No Service',
      () => planRelease(spec({ steps }), observe(podsOf(2), seen({ services: [] }))),
    ],
    [
      'a quota that is too small',
      'NO_ROOM',
      'ResourceQuota team',
      () => {
        const short = [{ quota: 'team', resource: 'pods', hard: '10', used: '8' }];
        return planRelease(spec({ steps }), observe(podsOf(4), seen({ short })));
      },
    ],
    [
      'weights that fall',
      'SPEC_INVALID',
      'no less than in the step before, where it is 50',
      () => spec({ route: asked, steps: [{ weight: 50 }, { weight: 20 }] }),
    ],
    ['a weight over 100', 'SPEC_INVALID', 'weight', () => spec({ route: asked, steps: [{ weight: 101 }] })],
    ['pods that fall', 'SPEC_INVALID', 'where it is 50%', () => spec({ steps: [{ pods: '50%' }, { pods: '20%' }] })],
    ['a weight without a route', 'SPEC_INVALID', 'with `route` only', () => spec({ steps: [{ weight: 5, pods: 1 }] })],
    ['no steps', 'SPEC_INVALID', '`steps`, with mode Canary', () => specOf({ strategy: { mode: 'Canary' } })],
    [
      'its settings with another mode',
      'SPEC_INVALID',
      'this with mode Canary only',
      () => specOf({ strategy: { canary: { steps } } }),
    ],
    [
      'a header that says how to split',
      'SPEC_INVALID',
      'value',
      () => spec({ route: asked, steps: [{ match: { header: { name: 'a', value: 'b c' } } }] }),
    ],
  ];
  it.each(cases)('%s: %s', (_what, code, text, run) => {
    let refusal: unknown;
    try {
      run();
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(SluiceError);
    expect(refusal).toMatchObject({ code, message: expect.stringContaining(text) });
  });
});
