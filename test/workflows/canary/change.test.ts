import { describe, expect, it } from 'vitest';
import type { PlannedRoute } from '../../../workflows/contract/canary/plan.ts';
import type { Preview } from '../../../workflows/contract/observation.ts';
import { planRelease } from '../../../workflows/contract/planner.ts';
import { receive } from '../../../workflows/receive.ts';
import { initialState, type ReleaseState, waitingBatch } from '../../../workflows/state.ts';
import { observe, podsOf, specOf } from '../../contract/observations.ts';

const at = '2026-01-01T00:00:00.000Z';
const preview: Preview = { from: 'abc', source: { patch: {} }, images: { app: 'r.test/checkout:v1' }, differs: [] };
const route: PlannedRoute = { kind: 'HTTPRoute', name: 'web', service: 'checkout', canary: 'checkout-canary' };

/** A canary of ten pods, of which so many steps are taken; the next one has not begun. */
function canaryAt(taken: number, routed = true): ReleaseState {
  const steps = routed ? ['10%', '30%', '60%'] : [1, 3, 6];
  const canary = { steps, ...(routed && { route: { kind: 'HTTPRoute' as const, name: 'web' } }) };
  const { batches, ...plan } = planRelease(
    specOf({ strategy: { mode: 'Canary', canary } }),
    observe(podsOf(10), { preview, canary: { services: ['checkout'], short: [], ...(routed && { route }) } }),
  );
  const all = batches
    .map(waitingBatch)
    .map((batch, index) => ({ ...batch, ...(index < taken && { state: 'done' as const }) }));
  return { ...initialState(at), phase: 'batch', plan, batches: all, index: taken };
}

const say = (state: ReleaseState, name: 'changePlan' | 'skipTo', message: object) =>
  receive(state, 'run-1', name, { by: 'bob', ...message }, at);
const change = (state: ReleaseState, steps: readonly unknown[]) =>
  say(state, 'changePlan', { strategy: { canary: { steps } } });

/** The new state. @throws where it was refused */
function after(received: ReturnType<typeof say>): ReleaseState {
  if (!received.accepted) throw new Error(received.text);
  return received.state;
}

/** `canary-1* 1 10%`: its name, whether it is done, how many pods come with it, and its weight. */
const stepsOf = ({ batches, plan }: ReleaseState): string =>
  batches
    .map(({ name, state, pods }, index) => {
      const weight = plan?.canary?.steps[index]?.split?.weight;
      return `${name}${state === 'done' ? '*' : ''} ${pods.length}${weight === undefined ? '' : ` ${weight}%`}`;
    })
    .join(', ');

describe('changing the steps of a canary', () => {
  it('what was taken stays; other steps come after it, up to all pods and all callers', () => {
    const state = canaryAt(1);
    expect(stepsOf(state)).toBe('canary-1* 1 10%, canary-2 2 30%, canary-3 3 60%, canary-4 4 100%, old 10');
    const changed = after(change(state, ['20%', { weight: 50, pods: '100%' }]));
    expect(stepsOf(changed)).toBe('canary-1* 1 10%, canary-2 1 20%, canary-3 8 50%, old 10');
    expect(changed.log.at(-1)?.text).toBe(
      'Plan changed: canary-2 2 pods, 20% of callers; canary-3 10 pods, 50% of callers.',
    );
    expect(stepsOf(after(change(canaryAt(1, false), [5])))).toBe('canary-1* 1, canary-2 4, canary-3 5, old 10');
  });

  it('nobody is taken back by it, and a canary without a route has no weights', () => {
    const text = (state: ReleaseState, ...steps: unknown[]): string => {
      const received = change(state, steps);
      expect(received).toMatchObject({ accepted: false, code: 'MESSAGE_INVALID' });
      return received.text;
    };
    expect(text(canaryAt(2), '20%')).toContain(
      'found "20%"; allowed: no smaller weight than in the step before, where it is 30',
    );
    expect(text(canaryAt(2), { pods: 2 })).toContain('no fewer pods than in the step before, where there are 3');
    expect(text(canaryAt(1), '50%', '40%')).toContain('strategy.canary.steps[1]');
    expect(text(canaryAt(1, false), { weight: 20 })).toContain('no route');
    expect(text(canaryAt(1), { match: {} })).toContain('pods, weight');
    expect(text(canaryAt(1))).toContain('a list of 1 to 50');
  });

  it('gates that have not opened follow, the open one does not; batches and maxUnavailable are refused', () => {
    const open = { id: 'after-canary-2', since: at, bakedAt: at, approvals: [] };
    const state = { ...canaryAt(2), index: 1, gate: open };
    const changed = after(say(state, 'changePlan', { gates: { afterBatch: { bake: '10m' } } }));
    expect(changed.batches.map(({ gate }) => gate.bakeMs)).toEqual([0, 0, 600_000, 600_000, 600_000]);
    const refused = say(canaryAt(1), 'changePlan', { strategy: { batches: ['50%'] } });
    expect(refused).toMatchObject({ accepted: false, code: 'REFUSED', text: expect.stringContaining('has steps') });
  });

  it('skips to a step: those before it bring no pod and have no gate, the first one is never left out', () => {
    const skipped = after(say(canaryAt(1), 'skipTo', { batch: 'canary-4' }));
    expect(stepsOf(skipped)).toBe('canary-1* 1 10%, canary-2* 0 30%, canary-3* 0 60%, canary-4 9 100%, old 10');
    expect(skipped.plan?.canary?.steps.map((step) => step.skipped ?? false)).toEqual([false, true, true, false]);
    expect(stepsOf(after(say(canaryAt(0), 'skipTo', { batch: 'canary-3' })))).toBe(
      'canary-1 1 10%, canary-2* 0 30%, canary-3 5 60%, canary-4 4 100%, old 10',
    );
    expect(say(canaryAt(1), 'skipTo', { batch: 'canary-2' })).toMatchObject({
      accepted: false,
      text: expect.stringContaining('it can be skipped to canary-3, canary-4'),
    });
    expect(say(canaryAt(4), 'skipTo', { batch: 'old' }).accepted).toBe(false);
  });
});
