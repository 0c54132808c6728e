import { describe, expect, it } from 'vitest';
import { planRelease } from '../../workflows/contract/planner.ts';
import { observe, podsOf, quietFindings, specOf } from './observations.ts';

const v2 = 'r.test/checkout:v2';
const nodes = { 'node-p00': [], 'node-p01': [v2], 'node-p02': [] };
const observed = (missing: readonly string[] = []) =>
  observe(podsOf(4), { findings: { ...quietFindings, prePull: { missing, nodes } } });
const planned = (prePull?: 'Auto' | 'Require' | 'Off', missing: readonly string[] = []) =>
  planRelease(specOf({ change: { images: { app: v2 }, ...(prePull && { prePull }) } }), observed(missing));

describe('change.prePull', () => {
  it('Auto pulls on the nodes that are ready and not known to have the image', () => {
    const plan = planned();
    expect(plan.prePull).toEqual({ nodes: ['node-p00', 'node-p02'], timeoutMs: 600_000, required: false });
    expect(plan.writes[0]).toContain('Pull the new images on 2 nodes');
    expect(plan.estimateSeconds).toBeGreaterThan(planned('Off').estimateSeconds);
    expect(plan.warnings.map(({ code }) => code)).not.toContain('NO_PRE_PULL');
  });

  it('Auto without the permission warns, with what is missing', () => {
    const plan = planned('Auto', ['create pods in shop']);
    expect(plan.prePull).toBeUndefined();
    expect(plan.warnings.find(({ code }) => code === 'NO_PRE_PULL')?.message).toMatch(/2 nodes.*create pods in shop/);
  });

  it('Require without the permission is refused', () => {
    expect(planned('Require').prePull).toMatchObject({ required: true });
    expect(() => planned('Require', ['create pods in shop'])).toThrow(/create pods in shop/);
  });

  it('Off neither pulls nor warns', () => {
    const plan = planned('Off', ['create pods in shop']);
    expect(plan.prePull).toBeUndefined();
    expect(plan.warnings.map(({ code }) => code)).not.toContain('NO_PRE_PULL');
  });

  it('where every node has the image there is nothing to pull, nor to permit', () => {
    const everywhere = Object.fromEntries(podsOf(4).map(({ node }) => [node, [v2]]));
    const findings = { ...quietFindings, prePull: { missing: ['create pods in shop'], nodes: everywhere } };
    const spec = specOf({ change: { images: { app: v2 }, prePull: 'Require' } });
    expect(planRelease(spec, observe(podsOf(4), { findings })).prePull).toBeUndefined();
  });
});
