import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlueGreenObservation } from '../../../workflows/contract/blueGreen/observation.ts';
import { type ErrorCode, SluiceError } from '../../../workflows/contract/errors.ts';
import type { Observation, Preview } from '../../../workflows/contract/observation.ts';
import { planRelease } from '../../../workflows/contract/planner.ts';
import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import { anyPods, observe, podsOf, quietFindings, specOf } from '../observations.ts';

const preview: Preview = { from: 'abc', source: { patch: {} }, images: { app: 'r.test/checkout:v1' }, differs: [] };
const pair = (change: Partial<BlueGreenObservation> = {}): Partial<Observation> => ({
  preview,
  blueGreen: { services: ['checkout'], short: [], ...change },
});
const spec = (blueGreen: object = {}, change: Partial<ReleaseSpecInput> = {}) =>
  specOf({ strategy: { mode: 'BlueGreen', blueGreen }, ...change });

function refusal(run: () => unknown): Pick<SluiceError, 'code' | 'message'> {
  try {
    run();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('the plan of blue/green', () => {
  it('has all new pods, then all old ones; the switch between them can be taken back for ten minutes', () => {
    const plan = planRelease(spec(), observe(podsOf(5), pair()));
    expect(plan.mode).toMatchObject({ asked: 'BlueGreen', used: 'BlueGreen' });
    expect(plan.mode.reason).toContain('5 pods of the new version beside the 5 of the old');
    expect(plan.batches.map(({ name, pods, gate }) => [name, pods.length, gate.id, gate.bakeMs])).toEqual([
      ['green', 5, 'before-switch', 0],
      ['blue', 5, 'after-switch', 600_000],
    ]);
    expect(plan.batches[0]?.gate.approval).toMatchObject({ required: 1 });
    expect(plan.batches[1]?.gate.early).toBe(true);
    expect(plan.blueGreen).toEqual({ services: ['checkout'], keepOldMs: 600_000 });
    expect(plan.change.template?.from).toBe('abc');
    expect(plan.traffic.through).toEqual([]);
  });

  it('names the writes in order, and each Service that is written to', () => {
    const given = spec({ previewService: 'checkout-preview', keepOld: '1m' });
    const services = ['checkout', 'checkout-lb', 'checkout-preview'];
    const { writes, blueGreen } = planRelease(given, observe(podsOf(3), pair({ services })));
    expect(blueGreen).toMatchObject({ services: ['checkout', 'checkout-lb'], previewService: 'checkout-preview' });
    const order = [
      'ControllerRevision',
      'Pause',
      'selector of Service checkout, checkout-lb',
      'ReplicaSet',
      'checkout-preview',
    ];
    const places = order.map((word) => writes.findIndex((write) => write.includes(word)));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(writes.join('\n')).toContain('After 1m');
  });

  it('warns of a Service that is left out, of an autoscaler that counts both, and of no budget', () => {
    const findings = {
      ...quietFindings,
      services: ['checkout', 'metrics'],
      autoscalers: ['hpa'],
      multiplying: [{ name: 'hpa', max: 8 }],
      budgets: [{ name: 'pdb', out: 0 }],
    };
    const { warnings } = planRelease(spec(), observe(podsOf(3), { ...pair(), findings }));
    expect(warnings.map(({ code, message }) => `${code} ${message.split(' ').slice(0, 2).join(' ')}`)).toEqual([
      'NOT_SWITCHED Service metrics',
      'AUTOSCALER HorizontalPodAutoscaler hpa',
      'AUTOSCALER HorizontalPodAutoscaler hpa',
    ]);
    expect(warnings[1]?.message).toContain('up to its 8 pods');
  });

  it('the estimate is no shorter than the time to go back', () => {
    expect(planRelease(spec({ keepOld: '1h' }), observe(podsOf(3), pair())).estimateSeconds).toBeGreaterThan(3_600);
  });

  it('whatever the pods are: each is among the old ones once, and as many new ones come as the workload wants', () => {
    fc.assert(
      fc.property(anyPods, fc.integer({ min: 1, max: 50 }), (pods, replicas) => {
        const { batches, maxUnavailable } = planRelease(spec(), observe(pods, { ...pair(), replicas }));
        const [green, blue] = batches;
        expect(green?.pods).toHaveLength(replicas);
        expect(blue?.pods.map(({ uid }) => uid).toSorted()).toEqual(pods.map(({ uid }) => uid).toSorted());
        expect(maxUnavailable).toBe(replicas);
      }),
    );
  });
});

describe('is refused before anything is touched', () => {
  const cases: readonly (readonly [string, ErrorCode, string, () => unknown])[] = [
    [
      'another kind',
      'MODE_UNSUPPORTED',
      'statefulset/checkout',
      () =>
        planRelease(
          spec(),
          observe(podsOf(2), {
            ...pair(),
            target: { cluster: 'local', namespace: 'shop', kind: 'statefulset', name: 'checkout' },
          }),
        ),
    ],
    [
      'no Service',
      'WORKLOAD_UNFIT',
      'No Service selects',
      () => planRelease(spec(), observe(podsOf(2), pair({ services: [] }))),
    ],
    [
      'only the preview',
      'WORKLOAD_UNFIT',
      'No Service selects',
      () => planRelease(spec({ previewService: 'checkout' }), observe(podsOf(2), pair())),
    ],
    [
      'a readiness gate',
      'WORKLOAD_UNFIT',
      'names readinessGate x.y/z',
      () => planRelease(spec({}, { traffic: { through: [{ readinessGate: 'x.y/z' }] } }), observe(podsOf(2), pair())),
    ],
    [
      'a service registry, which is named',
      'WORKLOAD_UNFIT',
      'names eureka a at http://eureka:8761/eureka',
      () => {
        const eureka = { server: 'http://eureka:8761/eureka', service: 'a' };
        return planRelease(
          spec({}, { traffic: { through: [{ service: 'web' }, { eureka }] } }),
          observe(podsOf(2), pair()),
        );
      },
    ],
    [
      'a Service that was left open',
      'WORKLOAD_UNFIT',
      'Service web still has in its selector',
      () =>
        planRelease(spec(), observe(podsOf(2), { ...pair(), findings: { ...quietFindings, openServices: ['web'] } })),
    ],
    [
      'a quota that is too small',
      'NO_ROOM',
      'ResourceQuota team lets pods be 10, and 8 is used',
      () =>
        planRelease(
          spec(),
          observe(podsOf(4), pair({ short: [{ quota: 'team', resource: 'pods', hard: '10', used: '8' }] })),
        ),
    ],
    [
      'an order of containers',
      'NOT_IN_PLACE',
      'change.order',
      () => {
        const change = { images: { app: 'r.test/checkout:v2', proxy: 'r.test/proxy:v2' }, order: ['app', 'proxy'] };
        return planRelease(spec({}, { change }), observe(podsOf(2), pair()));
      },
    ],
    ['no pods', 'NO_PODS', 'nobody to switch from', () => planRelease(spec(), observe([], { ...pair(), replicas: 0 }))],
    [
      'its settings with another mode',
      'SPEC_INVALID',
      'strategy.blueGreen: found a mapping with keepOld; allowed: this with mode BlueGreen only',
      () => specOf({ strategy: { blueGreen: { keepOld: '1m' } } }),
    ],
    [
      'a choice of gray pods',
      'SPEC_INVALID',
      'strategy.gray.select',
      () => specOf({ strategy: { mode: 'BlueGreen', gray: { select: { nodes: { zone: 'a' } } } } }),
    ],
    [
      'pods that may fail',
      'SPEC_INVALID',
      'strategy.failureThreshold',
      () => specOf({ strategy: { mode: 'BlueGreen', failureThreshold: 1 } }),
    ],
  ];
  it.each(cases)('%s: %s', (_what, code, text, run) => {
    const error = refusal(run);
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
  });
});
