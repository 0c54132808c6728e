import { describe, expect, it } from 'vitest';
import { boundText, type Plan } from '../../workflows/contract/plan.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { nextStepMs, shareAt } from '../../workflows/contract/warmUp.ts';
import { observe, podsOf, specOf } from './observations.ts';

const nacos = { nacos: { server: 'http://nacos:8848/nacos', service: 'checkout' } };
const nacosText = 'nacos public/DEFAULT_GROUP/checkout at http://nacos:8848/nacos';
const weights = ['10%', '50%'];

const planned = (
  through: NonNullable<ReleaseSpecInput['traffic']>['through'],
  warmUp: unknown = { for: '2m', weights },
) =>
  planRelease(
    specOf({ traffic: { through }, strategy: { warmUp } as ReleaseSpecInput['strategy'] }),
    observe(podsOf(4)),
  );
const pauses = ({ warnings }: Plan) =>
  warnings.filter(({ code }) => code === 'NO_WEIGHTS').map(({ message }) => message);
const says = ({ writes }: Plan) => writes.filter((write) => write.includes('less callers'));

describe('the plan', () => {
  it('weights go up where the registry has some', () => {
    const plan = planned([nacos]);
    expect(plan).toMatchObject({ warmUpMs: 120_000, warmUpWeights: [10, 50], limits: { progressMs: 720_000 } });
    expect(boundText(plan)).toContain('warms up for 2m, at 10% and 50% of its own weight');
    expect(says(plan)).toEqual([
      `Put each pod back into ${nacosText} with less callers at first: for 2m, at 10% and 50% of its own weight, then with all of it, as before.`,
    ]);
    expect(pauses(plan)).toEqual([]);
  });

  it('a pause is said by name where a way has none, beside one that has', () => {
    const plan = planned([{ service: 'checkout' }, nacos]);
    expect(plan.warmUpWeights).toEqual([10, 50]);
    expect(pauses(plan)).toEqual([
      'No weights in service checkout: a pod that is back gets all its callers there at once, and only the place of a pod that is back is kept for 2m.',
    ]);
  });

  it('without any that has weights it is a pause as without weights', () => {
    const plan = planned([{ service: 'checkout' }]);
    expect([plan.warmUpMs, plan.warmUpWeights, says(plan), pauses(plan).length]).toEqual([120_000, undefined, [], 1]);
    const pause = planned([nacos], '2m');
    expect([pause.warmUpMs, pause.warmUpWeights, says(pause), pauses(pause)]).toEqual([120_000, undefined, [], []]);
    expect(pauses(planned([]))).toEqual([expect.stringContaining('without a registry in traffic.through')]);
  });

  it('pods that are made anew register themselves, with all of it', () => {
    const spec = specOf({
      traffic: { through: [nacos] },
      strategy: { mode: 'Recreate', warmUp: { for: '2m', weights } },
    });
    const preview = { from: 'm1', source: { patch: {} }, images: { app: 'r.test/checkout:v2' }, differs: [] };
    const plan = planRelease(spec, observe(podsOf(4), { preview }));
    expect([plan.warmUpMs, plan.warmUpWeights]).toEqual([120_000, undefined]);
    expect(pauses(plan)).toEqual([expect.stringContaining('made anew')]);
  });
});

describe('steps', () => {
  const warmUp = { forMs: 60_000, weights: [10, 20, 50] };
  it.each([
    [0, 20_000, 10],
    [19_999, 20_000, 10],
    [20_000, 40_000, 20],
    [59_999, 60_000, 50],
    [60_000, 60_000, undefined],
    [600_000, 60_000, undefined],
    [-5_000, 20_000, 10],
  ])('%i ms after it came back', (now, next, share) => {
    expect([nextStepMs(warmUp, 1_000, 1_000 + now), shareAt(warmUp, 1_000, 1_000 + now)]).toEqual([
      1_000 + next,
      share,
    ]);
  });

  it('whenever the next step is due, the next share is', () => {
    const odd = { forMs: 1_000, weights: [1, 2, 3] };
    const due = [0, 1, 2].map((step) => nextStepMs(odd, 0, Math.ceil((step * 1_000) / 3)));
    expect(due.map((ms) => shareAt(odd, 0, ms))).toEqual([2, 3, undefined]);
  });
});
