import { describe, expect, it } from 'vitest';
import type { Preview } from '../../../workflows/contract/observation.ts';
import { planRelease } from '../../../workflows/contract/planner.ts';
import { receive } from '../../../workflows/receive.ts';
import { initialState, type ReleaseState, waitingBatch } from '../../../workflows/state.ts';
import { observe, podsOf, specOf } from '../../contract/observations.ts';

const at = '2026-01-01T00:00:00.000Z';
const preview: Preview = { from: 'abc', source: { patch: {} }, images: { app: 'r.test/checkout:v1' }, differs: [] };

/** Blue/green of three pods, at the gate before the switch. */
function beforeSwitch(gates: NonNullable<Parameters<typeof specOf>[0]>['gates'] = {}): ReleaseState {
  const { batches, ...plan } = planRelease(
    specOf({ strategy: { mode: 'BlueGreen', blueGreen: { keepOld: '1h' } }, gates }),
    observe(podsOf(3), { preview, blueGreen: { services: ['checkout'], short: [] } }),
  );
  const gate = { id: 'before-switch', since: at, bakedAt: at, approvals: [] };
  return { ...initialState(at), phase: 'gate', plan, batches: batches.map(waitingBatch), gate };
}

const say = (state: ReleaseState, name: 'changePlan' | 'skipTo', message: object) =>
  receive(state, 'run-1', name, { by: 'bob', ...message }, at);

/** The new state. @throws where it was refused */
function after(received: ReturnType<typeof say>): ReleaseState {
  if (!received.accepted) throw new Error(received.text);
  return received.state;
}

describe('changing blue/green before the switch', () => {
  it('changes how long the old version stays, longer or shorter, and who ends that; the gate that is open stays', () => {
    const state = beforeSwitch();
    const bake = after(say(state, 'changePlan', { gates: { afterBatch: { bake: '5m' } } }));
    expect(bake.batches.map(({ gate }) => [gate.id, gate.bakeMs, gate.early])).toEqual([
      ['before-switch', 0, undefined],
      ['after-switch', 300_000, true],
    ]);
    expect(bake.plan?.blueGreen?.keepOldMs).toBe(300_000);
    expect(bake.log.at(-1)?.text).toBe('Plan changed: bake 5m after the switch.');
    const both = after(say(bake, 'changePlan', { gates: { afterBatch: { approval: { from: ['anna'] } } } }));
    expect(both.batches[1]?.gate).toMatchObject({ bakeMs: 300_000, approval: { required: 1, from: ['anna'] } });
    expect(both.batches[0]).toBe(state.batches[0]);
    const longer = after(say(bake, 'changePlan', { gates: { afterBatch: { bake: '2h' } } }));
    expect(longer.batches[1]?.gate.bakeMs).toBe(7_200_000);
  });

  it.each([{ batches: ['50%'] }, { maxUnavailable: 1 }, { canary: { steps: [1] } }])(
    '%j has no meaning',
    (strategy) => {
      expect(say(beforeSwitch(), 'changePlan', { strategy })).toMatchObject({
        accepted: false,
        code: 'REFUSED',
        text: expect.stringContaining('all new pods come beside the old at once'),
      });
    },
  );

  it('after the switch it says what ends the time, and what makes it longer', () => {
    const state: ReleaseState = { ...beforeSwitch(), steps: ['acquire', 'services', 'green', 'switch'] };
    const text = say(state, 'changePlan', { gates: { afterBatch: { bake: '5m' } } });
    expect(text).toMatchObject({ accepted: false, code: 'REFUSED', text: expect.stringContaining('`pause` keeps') });
  });

  it('only its approvers may loosen the gate, and there is nothing to skip', () => {
    const state = beforeSwitch({ afterBatch: { approval: { from: ['anna'] } } });
    const loosen = { gates: { afterBatch: { approval: false } } };
    expect(say(state, 'changePlan', loosen)).toMatchObject({ accepted: false, code: 'NOT_ALLOWED' });
    expect(say(state, 'changePlan', { ...loosen, by: 'anna' })).toMatchObject({ accepted: true });
    expect(say(beforeSwitch(), 'skipTo', { batch: 'blue' })).toMatchObject({
      accepted: false,
      text: expect.stringContaining('`approve` opens the gate before the switch'),
    });
  });
});
