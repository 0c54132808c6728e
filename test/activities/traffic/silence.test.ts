import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import type { PumpedPod, TrafficRules } from '../../../activities/ports.ts';
import type { Look } from '../../../activities/traffic/look.ts';
import type { Sight } from '../../../activities/traffic/sight.ts';
import { createSilence } from '../../../activities/traffic/silence.ts';
import type { Inbound } from '../../../activities/traffic/sockets.ts';

// Looks are scripted here: what the waiting makes of them is asked. Real ones are in test/e2e/silence.test.ts.
const nobody: Sight = { kind: 'seen', callers: [], fromNode: [] };
const caller: Inbound = { port: 8080, address: '10.0.0.7', remote: '10.0.0.7:50000' };
const called: Sight = { kind: 'seen', callers: [caller], fromNode: [] };
const rules: TrafficRules = {
  quietMs: 0,
  maxDrainMs: 60_000,
  onDrainTimeout: 'Stop',
  readyTimeoutMs: 60_000,
  undo: false,
};
// The look is scripted: it is asked for names of callers only.
const kube = {
  list: async (_resource: unknown, { fieldSelector }: { fieldSelector: string }) => ({
    items: fieldSelector === 'status.podIP=10.0.0.7' ? [{ metadata: { name: 'web-1' } }] : [],
  }),
} as unknown as Connection;

function podOf(name: string, sinceMs = Date.now()): PumpedPod {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: '1' };
  return {
    name,
    uid: metadata.uid,
    since: new Date(sinceMs).toISOString(),
    pod: { metadata, spec: { containers: [] } },
  };
}

const pods = (count: number, sinceMs?: number): readonly PumpedPod[] =>
  Array.from({ length: count }, (_, at) => podOf(`shop-${at}`, sinceMs));

/** A look that answers by pod; it also tells how many looks there were, and how many at once at most. */
function scripted(answer: (pod: string, look: number) => Sight | Promise<Sight>, turnMs?: number) {
  const seen = { looks: new Map<string, number>(), now: 0, most: 0 };
  const look: Look = async (_kube, { metadata: { name } }, signal) => {
    signal.throwIfAborted();
    const number = (seen.looks.get(name) ?? 0) + 1;
    seen.looks.set(name, number);
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    await new Promise(setImmediate);
    seen.now -= 1;
    return answer(name, number);
  };
  const { signal } = new AbortController();
  return { seen, silence: createSilence(look, turnMs), deps: { kube, signal } };
}

describe('silence', () => {
  it('is one clean look where no quiet time is asked for', async () => {
    const { seen, silence, deps } = scripted(() => nobody);
    const answer = await silence(pods(40), rules, deps);
    expect(answer.done).toHaveLength(40);
    expect([...seen.looks.values()].every((looks) => looks === 1)).toBe(true);
    expect(seen.most).toBe(16);
  });

  it('returns with those that are silent, the others come again', async () => {
    const { silence, deps } = scripted((pod) => (pod === 'shop-0' ? nobody : called));
    const answer = await silence(pods(3), rules, deps);
    expect(answer).toMatchObject({ done: ['shop-0'], later: ['shop-1', 'shop-2'], failed: [], gone: [] });
  });

  it('remembers the quiet time from one call to the next', async () => {
    const { silence, deps } = scripted((pod) => (pod === 'slow' ? nobody : { kind: 'gone' }));
    const slow = podOf('slow');
    const startedMs = Date.now();
    let calls = 0;
    let done: readonly string[] = [];
    // A neighbour ends each call long before a second has passed: forgotten windows would never be over.
    while (done.length === 0) {
      calls += 1;
      ({ done } = await silence([slow, podOf(`gone-${calls}`)], { ...rules, quietMs: 1_000 }, deps));
    }
    expect(calls).toBeGreaterThan(1);
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(1_000);
  });

  it('waits for a caller to go', async () => {
    const { silence, deps } = scripted((_, look) => (look < 4 ? called : nobody));
    expect(await silence(pods(1), rules, deps)).toMatchObject({ done: ['shop-0'] });
  });

  it('that does not come in time fails, and says who calls', async () => {
    const { silence, deps } = scripted(() => called);
    const late = pods(1, Date.now() - 61_000);
    const { failed } = await silence(late, rules, deps);
    expect(failed).toEqual([
      {
        pod: 'shop-0',
        code: 'DRAIN_TIMEOUT',
        reason: expect.stringMatching(
          /^After 1m out of traffic: 1 connection left: 1 from 10\.0\.0\.7 \(pod web-1\); seen for \d+m?s \(10\.0\.0\.7:50000 to port 8080\)$/,
        ),
      },
    ]);
  });

  it('that does not come in time is done with a note where the spec or a rollback goes on', async () => {
    const { silence, deps } = scripted(() => called);
    const late = pods(1, Date.now() - 61_000);
    for (const goesOn of [{ onDrainTimeout: 'Continue' as const }, { undo: true }]) {
      const answer = await silence(late, { ...rules, ...goesOn }, deps);
      expect(answer).toMatchObject({ done: ['shop-0'], failed: [] });
      expect(answer.notes?.[0]?.text).toMatch(/1 connection left: .* It was changed all the same\.$/);
    }
  });

  it('is asked for once more at the deadline, not before it', async () => {
    const { silence, deps } = scripted((_, look) => (look === 1 ? called : nobody));
    const answer = await silence(pods(1, Date.now() - 59_900), rules, deps);
    expect(answer).toMatchObject({ done: ['shop-0'] });
  });

  it('that began may come to its end after the deadline, which may have passed while no worker ran', async () => {
    const { silence, deps } = scripted(() => nobody);
    const late = [podOf('shop', Date.now() - 120_000)];
    const startedMs = Date.now();
    expect(await silence(late, { ...rules, quietMs: 300 }, deps)).toMatchObject({ done: ['shop'], failed: [] });
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(300);
  });

  it('that cannot be proven is waited for from when the pod left traffic, and people are told', async () => {
    const { silence, deps } = scripted(() => ({ kind: 'unprovable', reason: 'no container of it can run cat (app)' }));
    const startedMs = Date.now();
    const answer = await silence(pods(2, startedMs - 700), { ...rules, quietMs: 1_000 }, deps);
    expect(answer.done).toHaveLength(2);
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(290);
    expect(answer.notes?.[0]?.text).toBe(
      'Silence could not be proven: no container of it can run cat (app). It was out of traffic for 1s before the change.',
    );
  });

  it('is not had by a look that failed, which is repeated', async () => {
    const { seen, silence, deps } = scripted((_, look) => (look === 1 ? { kind: 'failed', reason: 'reset' } : nobody));
    expect(await silence(pods(1), rules, deps)).toMatchObject({ done: ['shop-0'] });
    expect(seen.looks.get('shop-0')).toBe(2);
    const blind = scripted(() => ({ kind: 'failed', reason: 'reset' }));
    const { failed } = await blind.silence(pods(1, Date.now() - 61_000), rules, blind.deps);
    expect(failed[0]).toMatchObject({
      code: 'DRAIN_TIMEOUT',
      reason: expect.stringContaining('nobody could look: reset'),
    });
  });

  it('of a pod that is gone needs no waiting', async () => {
    const { silence, deps } = scripted(() => ({ kind: 'gone' }));
    expect(await silence(pods(1), rules, deps)).toMatchObject({ gone: ['shop-0'], done: [] });
  });

  it('ends at once with its activity', async () => {
    const { silence } = scripted(() => called);
    const activity = new AbortController();
    const waiting = silence(pods(5), rules, { kube, signal: activity.signal });
    activity.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
  });

  it('is not waited for longer than a turn, so that others get theirs', async () => {
    const { silence, deps } = scripted(() => called, 500);
    const answer = await silence(pods(2), rules, deps);
    expect(answer).toMatchObject({ done: [], later: ['shop-0', 'shop-1'], failed: [], gone: [] });
  });

  it('tells who is still connected, how many, and for how long', async () => {
    const from = (address: string, port: number): Inbound => ({ port: 8080, address, remote: `${address}:${port}` });
    const callers = [
      ...[1, 2, 3].map((at) => from('10.0.0.7', 50_000 + at)),
      ...[4, 5].map((at) => from('10.0.0.8', 50_000 + at)),
      ...['10.0.1.1', '10.0.1.2', '10.0.1.3'].map((address) => from(address, 50_000)),
    ];
    const { silence, deps } = scripted(() => ({ kind: 'seen', callers, fromNode: [from('10.0.0.1', 1)] }), 1_200);
    const first = await silence(pods(1), rules, deps);
    expect(first.waits).toEqual([
      {
        pod: 'shop-0',
        text: expect.stringMatching(
          /^9 connections left: 3 from 10\.0\.0\.7 \(pod web-1\), 2 from 10\.0\.0\.8, 1 from 10\.0\.1\.1, 2 from 2 more, 1 from its node; the oldest seen for 1s \(10\.0\.0\.7:50001 to port 8080, .*, …\)$/,
        ),
      },
    ]);
    // Also from one call to the next.
    const second = await silence(pods(1), rules, deps);
    expect(second.waits?.[0]?.text).toContain('the oldest seen for 2s');
  });

  it('says nothing of pods whose quiet time runs, and why nobody could look', async () => {
    const { silence, deps } = scripted((pod) => (pod === 'shop-0' ? nobody : { kind: 'failed', reason: 'reset' }), 500);
    const { later, waits } = await silence(pods(2), { ...rules, quietMs: 5_000 }, deps);
    expect(later).toEqual(['shop-0', 'shop-1']);
    expect(waits).toEqual([{ pod: 'shop-1', text: 'nobody could look: reset' }]);
  });
});
