import { describe, expect, it } from 'vitest';
import type { DrainObservation, DrainPod } from '../../workflows/contract/drain/observation.ts';
import { planDrain } from '../../workflows/contract/drain/planner.ts';
import type { DrainSpecInput } from '../../workflows/contract/drain/spec.schema.ts';
import { validateDrain } from '../../workflows/contract/drain/validate.schema.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { pod } from './observations.ts';

const through = [{ service: 'checkout' }];
const target = { cluster: 'local', workload: 'deployment/checkout' };

const specOf = (drain: DrainSpecInput['drain'], change: Partial<DrainSpecInput> = {}) =>
  validateDrain({ metadata: { namespace: 'shop' }, target, drain, traffic: { through }, ...change });

function seen(pods: readonly DrainPod[], change: Partial<DrainObservation['findings']> = {}): DrainObservation {
  return {
    target: { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' },
    uid: 'w',
    paused: false,
    leftHeld: false,
    readinessGates: [],
    pods,
    findings: { owners: [], services: ['checkout'], openServices: [], registries: [], ...change },
  };
}

const some = (...names: string[]): DrainPod[] => names.map((name) => pod(name, undefined));

function refusalOf(act: () => unknown): SluiceError {
  try {
    act();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const problemsOf = (error: SluiceError): unknown => error.details['problems'];

describe('the spec of a drain', () => {
  it('gets the defaults of a release', () => {
    expect(specOf({ pods: ['c-1'] })).toEqual({
      apiVersion: 'sluice.dev/v1',
      kind: 'Drain',
      metadata: { namespace: 'shop' },
      target,
      drain: { pods: ['c-1'] },
      traffic: { through, quiet: '5s', maxDrain: '60s', onDrainTimeout: 'Stop' },
      notify: [],
    });
  });

  it('names what is wrong with it, all at once', () => {
    const error = refusalOf(() =>
      validateDrain({ target, drain: { pods: ['C_1'], for: '0s' }, traffic: { through: [] } }),
    );
    expect(error.code).toBe('SPEC_INVALID');
    expect(problemsOf(error)).toMatchObject([
      { field: 'drain.pods[0]' },
      { field: 'drain.for', allowed: expect.stringContaining('longer than zero') },
      { field: 'traffic.through', allowed: expect.stringContaining('at least one way out of traffic') },
    ]);
  });
});

describe('the plan of a drain', () => {
  it('takes exactly these out, and asks at a gate', () => {
    const plan = planDrain(specOf({ pods: ['c-2', 'c-1', 'c-2'] }), seen(some('c-1', 'c-2', 'c-3')));
    expect(plan.batches.map(({ pods }) => pods.map(({ name }) => name))).toEqual([['c-2', 'c-1']]);
    expect(plan.batches[0]?.gate).toEqual({
      id: 'out-of-traffic',
      bakeMs: 0,
      approval: { required: 1, from: [], onExpiry: 'hold' },
    });
    expect(plan).toMatchObject({ drain: {}, mode: { used: 'Drain' }, maxUnavailable: 2, replicas: 3, warnings: [] });
    expect(plan.change).toEqual({ from: {}, to: {}, version: '2 pods out', fromVersion: 'in traffic' });
  });

  it('with `for` the gate opens by itself, or when somebody says so', () => {
    const plan = planDrain(specOf({ pods: ['c-1'], for: '2h' }), seen(some('c-1', 'c-2')));
    expect(plan.batches[0]?.gate).toEqual({ id: 'out-of-traffic', bakeMs: 7_200_000, early: true });
    expect(plan.mode.reason).toContain('or after 2h by itself');
  });

  it('of nobody puts back who was left out', () => {
    const left = { ...pod('c-1', undefined), ready: false, outBy: 'release/local/shop/deployment/checkout' };
    expect(planDrain(specOf({ pods: [] }), seen([left]))).toMatchObject({ batches: [], drain: { restores: true } });
  });

  it('refuses a pod that is not there, with those that are', () => {
    const error = refusalOf(() => planDrain(specOf({ pods: ['c-11'] }), seen(some('c-21', 'c-1'))));
    expect(error).toMatchObject({ code: 'PODS_NOT_FOUND', next: 'Did you mean c-1?' });
    expect(error.message).toBe('deployment/checkout has no pod c-11; it has c-1, c-21.');
  });

  it('refuses a pod that is out already, and says who has it', () => {
    const left = { ...pod('c-1', undefined), ready: false, outBy: 'release/local/shop/deployment/checkout' };
    const ours = refusalOf(() => planDrain(specOf({ pods: ['c-1'] }), seen([left, ...some('c-2')])));
    expect(ours).toMatchObject({
      code: 'OUT_ALREADY',
      next: expect.stringContaining('sluice restore deployment/checkout'),
    });
    const theirs = { source: 'eureka CHECKOUT', missing: [], disabled: ['c-1'] };
    const error = refusalOf(() =>
      planDrain(specOf({ pods: ['c-1'] }), seen(some('c-1', 'c-2'), { registries: [theirs] })),
    );
    expect(error).toMatchObject({
      code: 'OUT_ALREADY',
      message: expect.stringContaining('taken out by somebody else'),
    });
  });

  it.each([
    ['the only one', some('c-1'), {}],
    ['the others are not ready', [...some('c-1'), { ...pod('c-2', undefined), ready: false }], {}],
    ['the others are out', [...some('c-1'), { ...pod('c-2', undefined), outBy: '' }], {}],
    [
      'the others are out of a registry',
      some('c-1', 'c-2'),
      { registries: [{ source: 'eureka', missing: [], disabled: ['c-2'] }] },
    ],
  ] as const)('refuses the last that callers find: %s', (_, pods, findings) => {
    const error = refusalOf(() => planDrain(specOf({ pods: ['c-1'] }), seen(pods, findings)));
    expect(error).toMatchObject({
      code: 'LAST_POD',
      next: expect.stringContaining('sluice scale deployment/checkout'),
    });
  });

  it('one that is not ready serves nobody, and may always go', () => {
    const ill = { ...pod('c-1', undefined), ready: false };
    expect(planDrain(specOf({ pods: ['c-1'] }), seen([ill])).batches).toHaveLength(1);
  });

  it('warns of a Service that goes on calling them, and of a registry that does not know them', () => {
    const missing = { source: 'eureka CHECKOUT', missing: ['c-1', 'c-2'], disabled: [] };
    const plan = planDrain(
      specOf({ pods: ['c-1'] }),
      seen(some('c-1', 'c-2'), { services: ['checkout', 'admin'], registries: [missing] }),
    );
    expect(plan.warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'NO_DRAIN Service admin goes on sending calls to the pods: add `service: admin` to traffic.through (--service admin).',
      'NOT_REGISTERED No instance in eureka CHECKOUT: c-1.',
    ]);
  });

  it('refuses what a terminated release left in another Service', () => {
    const error = refusalOf(() =>
      planDrain(specOf({ pods: ['c-1'] }), seen(some('c-1', 'c-2'), { openServices: ['other'] })),
    );
    expect(error.code).toBe('WORKLOAD_UNFIT');
  });
});
