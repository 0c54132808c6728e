import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRelease } from '../../workflows/contract/planner.ts';
import { receive } from '../../workflows/receive.ts';
import { initialState, type ReleaseState, waitingBatch } from '../../workflows/state.ts';
import { anyPods, anyStrategy, observe, podsOf, specOf } from '../contract/observations.ts';

const at = '2026-01-01T00:00:00.000Z';
const run = 'run-1';

/** A release of these pods of which so many groups are done; the next one has not begun. */
function stateOf(spec: ReturnType<typeof specOf>, pods: ReturnType<typeof podsOf>, begun: number): ReleaseState {
  const old = pods.map((pod) => ({ ...pod, images: { app: 'r.test/checkout:v1' } }));
  const { batches, ...plan } = planRelease(spec, observe(old));
  const ended = Math.min(begun, batches.length);
  const all = batches.map(waitingBatch).map((batch, index) => {
    if (index >= ended) return batch;
    return { ...batch, state: 'done' as const, pods: batch.pods.map((pod) => ({ ...pod, state: 'done' as const })) };
  });
  return { ...initialState(at), phase: 'batch', plan, batches: all, index: ended };
}

const tenOf = (begun: number, more: Parameters<typeof specOf>[0] = {}): ReleaseState =>
  stateOf(specOf({ strategy: { batches: { count: 3 } }, ...more }), podsOf(10), begun);

const say = (state: ReleaseState, name: 'changePlan' | 'skipTo', message: object) =>
  receive(state, run, name, { by: 'bob', ...message }, at);

/** The new state. @throws where it was refused */
function after(state: ReleaseState, name: 'changePlan' | 'skipTo', message: object): ReleaseState {
  const received = say(state, name, message);
  if (!received.accepted) throw new Error(received.text);
  return received.state;
}

const sizes = ({ batches }: ReleaseState): string =>
  batches.map(({ name, state, pods }) => `${name}${state === 'done' ? '*' : ''} ${pods.length}`).join(', ');

describe('changing the plan', () => {
  it('scenario 20: divides what is left anew; what is done stays done', () => {
    const state = tenOf(2);
    expect(sizes(state)).toBe('gray* 1, batch-1* 3, batch-2 3, batch-3 3');
    const changed = after(state, 'changePlan', { strategy: { batches: ['50%', '25%', '25%'] } });
    expect(sizes(changed)).toBe('gray* 1, batch-1* 3, batch-2 3, batch-3 2, batch-4 1');
    expect(sizes(after(changed, 'changePlan', { strategy: { batches: { count: 1 } } }))).toBe(
      'gray* 1, batch-1* 3, batch-2 6',
    );
    expect(changed.log.at(-1)).toMatchObject({
      by: 'bob',
      text: 'Plan changed: batch-2 3 pods, batch-3 2 pods, batch-4 1 pod.',
    });
  });

  it('changes gates that have not opened, that of the batch under way too; the gray gate and an open one stay', () => {
    const gates = { afterBatch: { bake: '10m', approval: { required: 2, from: ['anna', 'bert'] } } };
    const running = after(tenOf(1), 'changePlan', { gates });
    expect(running.batches.map(({ gate }) => [gate.id, gate.bakeMs, gate.approval?.required])).toEqual([
      ['after-gray', 0, 1],
      ['after-batch-1', 600_000, 2],
      ['after-batch-2', 600_000, 2],
      ['after-batch-3', 600_000, 2],
    ]);
    const open = { ...tenOf(2), index: 1, gate: { id: 'after-batch-1', since: at, bakedAt: at, approvals: [] } };
    const bakes = after(open, 'changePlan', { gates }).batches.map(({ gate }) => gate.bakeMs);
    expect(bakes).toEqual([0, 0, 600_000, 600_000]);
  });

  it('keeps what is left out of an approval: approvers and expiry are not lost by asking for one more', () => {
    const guard = { required: 1, from: ['anna', 'bert', 'bob'], expires: '1h', onExpiry: 'rollback' as const };
    const state = tenOf(1, { gates: { afterBatch: { approval: guard } } });
    const more = (approval: object) => say(state, 'changePlan', { gates: { afterBatch: { approval } } });
    expect(
      after(state, 'changePlan', { gates: { afterBatch: { approval: { required: 2 } } } }).batches[1]?.gate,
    ).toEqual({
      id: 'after-batch-1',
      bakeMs: 0,
      approval: { required: 2, from: ['anna', 'bert', 'bob'], expiresMs: 3_600_000, onExpiry: 'rollback' },
    });
    expect(more({ required: 4 })).toMatchObject({ accepted: false, code: 'MESSAGE_INVALID' });
    expect(more({ required: 4, from: [] })).toMatchObject({ accepted: true });
  });

  it('says how many may be out of service from the next batch on', () => {
    const changed = after(tenOf(1), 'changePlan', { strategy: { maxUnavailable: '50%' } });
    expect(changed.plan?.maxUnavailable).toBe(5);
    expect(changed.log.at(-1)?.text).toBe('Plan changed: at most 5 pods out of service at once in the next batch.');
    expect(sizes(changed)).toBe(sizes(tenOf(1)));
  });

  it('only approvers may loosen what they guard', () => {
    const guarded = tenOf(1, { gates: { afterBatch: { approval: { from: ['anna'] } } } });
    for (const [name, message] of [
      ['changePlan', { gates: { afterBatch: { approval: false } } }],
      ['changePlan', { strategy: { batches: { count: 1 } } }],
      ['skipTo', { batch: 'batch-3' }],
    ] as const) {
      expect(say(guarded, name, message)).toMatchObject({ accepted: false, code: 'NOT_ALLOWED' });
      expect(receive(guarded, run, name, { by: 'anna', ...message }, at)).toMatchObject({ accepted: true });
    }
  });

  it.each<[string, object, string]>([
    ['nothing', {}, 'Says nothing to change; allowed: strategy.batches'],
    ['an unknown field', { strategy: { batchez: 1 } }, 'strategy: found "batchez"; allowed: batches, maxUnavailable'],
    ['a batch of none', { strategy: { batches: [0] } }, 'strategy.batches[0]: found 0; allowed: a whole number'],
    ['too much', { strategy: { batches: ['60%', '60%'] } }, 'strategy.batches: found ["60%","60%"]; allowed: shares'],
    ['no list', { strategy: { batches: 'all' } }, 'strategy.batches: found "all"; allowed: a list of counts'],
    [
      'a bare number of seconds',
      { gates: { afterBatch: { bake: 5 } } },
      'gates.afterBatch.bake: found 5; allowed: a dur',
    ],
    [
      'too few approvers',
      { gates: { afterBatch: { approval: { required: 2, from: ['anna'] } } } },
      'at least 2 different',
    ],
    ['approval: true', { gates: { afterBatch: { approval: true } } }, 'gates.afterBatch.approval: found true; allowed'],
  ])('refuses %s', (_, message, text) => {
    const received = say(tenOf(1), 'changePlan', message);
    expect(received).toMatchObject({ accepted: false, code: 'MESSAGE_INVALID', text: expect.stringContaining(text) });
  });

  it('refuses to divide where every batch has begun', () => {
    const received = say(tenOf(4), 'changePlan', { strategy: { batches: { count: 2 } } });
    expect(received).toMatchObject({ accepted: false, code: 'REFUSED' });
  });
});

describe('skipping to a batch', () => {
  it('brings the batches up to it in one go, under its name and with its gate', () => {
    const state = after(tenOf(1), 'skipTo', { batch: 'batch-2' });
    expect(sizes(state)).toBe('gray* 1, batch-2 6, batch-3 3');
    expect(state.batches[1]?.gate.id).toBe('after-batch-2');
    expect(sizes(after(tenOf(1), 'skipTo', { batch: 'batch-3' }))).toBe('gray* 1, batch-3 9');
  });

  it('never makes the gray group part of a larger one', () => {
    expect(sizes(after(tenOf(0), 'skipTo', { batch: 'batch-3' }))).toBe('gray 1, batch-3 9');
  });

  it('names the batches that there are', () => {
    for (const batch of ['batch-1', 'batch-9', 'gray']) {
      expect(say(tenOf(1), 'skipTo', { batch })).toMatchObject({
        accepted: false,
        text: `${batch} is not a batch that lies behind the next one: it can be skipped to batch-2, batch-3.`,
      });
    }
  });

  it('a division after it goes on counting from there', () => {
    const skipped = after(tenOf(1), 'skipTo', { batch: 'batch-2' });
    expect(sizes(after(skipped, 'changePlan', { strategy: { batches: ['50%', '50%'] } }))).toBe(
      'gray* 1, batch-1 5, batch-2 4',
    );
  });
});

describe('whatever is said, and however often', () => {
  const anyMessage = fc.oneof(
    fc.record({ name: fc.constant('changePlan' as const), strategy: anyStrategy }).map(({ name, strategy }) => ({
      name,
      message: { strategy: { batches: strategy?.batches, maxUnavailable: strategy?.maxUnavailable } },
    })),
    fc.integer({ min: 1, max: 8 }).map((number) => ({
      name: 'skipTo' as const,
      message: { batch: `batch-${number}` },
    })),
  );
  const anyState = fc
    .record({ pods: anyPods, strategy: anyStrategy, begun: fc.nat(5) })
    .map(({ pods, strategy, begun }) => stateOf(specOf({ strategy }), pods, begun));

  it('each pod stays in exactly one batch, what has begun is untouched, names are unique, and gray comes first', () => {
    fc.assert(
      fc.property(anyState, fc.array(anyMessage, { maxLength: 4 }), (state, messages) => {
        const pods = (of: ReleaseState): string[] => of.batches.flatMap((batch) => batch.pods.map(({ uid }) => uid));
        const facts = (batches: ReleaseState['batches']) =>
          batches.map((batch) => ({ name: batch.name, state: batch.state, pods: batch.pods }));
        let now = state;
        for (const { name, message } of messages) {
          const received = say(now, name, message);
          if (received.accepted) now = received.state;
        }
        expect(pods(now).toSorted()).toEqual(pods(state).toSorted());
        expect(facts(now.batches.slice(0, state.index))).toEqual(facts(state.batches.slice(0, state.index)));
        expect(new Set(now.batches.map(({ name }) => name)).size).toBe(now.batches.length);
        expect(now.batches.every((batch) => batch.pods.length > 0)).toBe(true);
        expect(now.batches.findIndex(({ name }) => name === 'gray')).toBeLessThanOrEqual(0);
      }),
    );
  });
});
