import { describe, expect, it } from 'vitest';
import type { Preview } from '../../workflows/contract/observation.ts';
import { boundText } from '../../workflows/contract/plan.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { observe, podsOf, quietFindings, specOf } from './observations.ts';

const preview: Preview = {
  from: 'abc',
  source: { patch: { spec: { x: 1 } } },
  images: { app: 'r.test/checkout:v1' },
  differs: ['env of app'],
};
const change = { template: { spec: { containers: [{ name: 'app', env: [] }] } } };
const strategyOf = (strategy: ReleaseSpecInput['strategy']) => specOf({ change, strategy });
const planned = (strategy: ReleaseSpecInput['strategy'], count = 8) =>
  planRelease(strategyOf(strategy), observe(podsOf(count), { preview }));

describe('strategy.maxSurge', () => {
  it('is a number of pods beside the old ones; a percentage of all pods rounds up', () => {
    expect([3, '10%', '100%', 50].map((maxSurge) => planned({ maxSurge }).surge)).toEqual([3, 1, 8, 8]);
    expect(planned({}).surge).toBeUndefined();
  });

  it('the plan says so, and what is written for it', () => {
    const plan = planned({ maxSurge: 2 });
    expect(plan.mode).toMatchObject({ used: 'Recreate', reason: expect.stringContaining('born beside each') });
    expect(boundText(plan)).toBe('at most 2 new ones beside the old at once, none out of service');
    expect(plan.writes.join(' ')).toContain('Take the label pod-template-hash off each pod in hand');
    expect(planned({}).writes.join(' ')).not.toContain('pod-template-hash');
  });

  it('no disruption budget is in its way', () => {
    const findings = { ...quietFindings, budgets: [{ name: 'one', out: 0 }] };
    const plan = planRelease(strategyOf({ maxSurge: 2 }), observe(podsOf(4), { preview, findings }));
    expect(plan.warnings.map(({ code }) => code)).not.toContain('DISRUPTION_BUDGET');
  });

  it('has no meaning where pods change in place, and is left out there', () => {
    expect(planRelease(specOf({ strategy: { maxSurge: 2 } }), observe(podsOf(4))).surge).toBeUndefined();
  });

  it.each(['statefulset', 'daemonset', 'replicaset', 'cloneset'])('is refused on a %s, with the reason', (kind) => {
    const spec = { ...strategyOf({ maxSurge: 2 }), target: { cluster: 'local', workload: `${kind}/checkout` } };
    const target = { cluster: 'local', namespace: 'shop', kind, name: 'checkout' };
    expect(() => planRelease(spec, observe(podsOf(4), { preview, target }))).toThrow(
      expect.objectContaining({
        code: 'MODE_UNSUPPORTED',
        message: expect.stringContaining('no room for pods beside'),
      }),
    );
  });

  it.each(['InPlaceOnly', 'BlueGreen', 'Canary'] as const)('is refused with mode %s', (mode) => {
    const spec = {
      target: { cluster: 'local', workload: 'deployment/checkout' },
      change,
      strategy: { mode, maxSurge: 1 },
    };
    expect(() => validateSpec(spec)).toThrow(/maxSurge/);
  });
});
