import { describe, expect, it } from 'vitest';
import type { Handful } from '../../workflows/contract/activities/handful.ts';
import type { ReleaseStatus } from '../../workflows/contract/status.ts';
import type { BatchInput, BatchPod, BatchResult, Stage } from '../../workflows/contract/workflows.ts';
import {
  bytesOf,
  fittingInput,
  fittingProgress,
  fittingResult,
  fittingState,
  fittingStatus,
  mostBytes,
} from '../../workflows/fitting.ts';
import { Pump } from '../../workflows/pump.ts';
import { batchPod } from '../../workflows/runBatch.ts';
import { initialState, type PodEntry, type ReleaseState } from '../../workflows/state.ts';
import { statusOf } from '../../workflows/status.ts';

/** https://docs.temporal.io/self-hosted-guide/defaults: `limit.blobSize.error` */
const refusedBytes = 2 * 1024 * 1024;
const count = 5_000;

/** A release of the longest names that a Deployment gives, on nodes as clouds call them, through a Service and Nacos. */
const name = (index: number): string => `checkout-${'x'.repeat(38)}-5d4f8b6c9-${String(index).padStart(5, '0')}`;
const entry = (index: number, more: Partial<PodEntry> = {}): PodEntry => ({
  name: name(index),
  uid: `0d5f2b1e-6a57-4c1e-9a39-${String(index).padStart(12, '0')}`,
  node: 'ip-10-123-123-123.ap-southeast-1.compute.internal',
  ready: true,
  state: 'undone',
  outOfTraffic: false,
  traffic: [
    { served: true },
    {
      id: '10.123.123.123:18080:DEFAULT',
      inTraffic: true,
      takenOut: false,
      weight: 1,
      state: { ip: '10.123.123.123', port: '18080', cluster: 'DEFAULT' },
    },
  ],
  ...more,
});
const forth: readonly Stage[] = ['drain', 'silence', 'patch', 'wait', 'check', 'restore'];
const moments = (pods: number): string[] => Array.from({ length: pods }, (_, at) => `${'ospncb'[at % 6]}mi4rcjwl`);

const stateOf = (pods: readonly PodEntry[]): ReleaseState => ({
  ...initialState('2026-11-22T10:00:00.000Z'),
  batches: [{ name: 'gray', state: 'undone', mayFail: 0, gate: { id: 'after-gray', bakeMs: 0 }, pods }],
  log: Array.from({ length: 200 }, () => ({ at: '2026-11-22T10:00:00.000Z', text: 'x'.repeat(120) })),
});
const target = { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' } as const;
const identity = { id: 'release/local/shop/deployment/checkout', run: 'r', holder: 'h', initiator: 'anna', target };
const whole = (state: ReleaseState): ReleaseStatus => statusOf(state, identity);
const many = (change: (index: number) => Partial<PodEntry> = () => ({})): PodEntry[] =>
  Array.from({ length: count }, (_, index) => entry(index, { passed: moments(12), ...change(index) }));
const fits = (value: unknown): void => {
  expect(bytesOf(value)).toBeLessThan(mostBytes);
  expect(mostBytes).toBeLessThan(0.9 * refusedBytes);
};

describe(`${count} pods with long names, drained, rolled back, through a Service and Nacos`, () => {
  it('the status: whole where it fits, else with the logs of those that people look for', () => {
    const small = whole(stateOf(many().slice(0, 1_000)));
    expect(fittingStatus(small)).toBe(small);
    const failed = { state: 'failed', reason: 'POD_FAILED: not ready within 5m' } as const;
    const large = whole(stateOf(many((index) => (index % 100 === 0 ? failed : {}))));
    expect(bytesOf(large)).toBeGreaterThan(refusedBytes);
    const answer = fittingStatus(large);
    fits(answer);
    const pods = answer.batches.flatMap((batch) => batch.pods);
    expect(pods.filter(({ log }) => log?.length === 12)).toHaveLength(50);
    expect(pods.every(({ log, state }) => (log !== undefined) === (state === 'failed'))).toBe(true);
    expect(pods.map((pod) => ({ ...pod, log: 0 }))).toEqual(large.batches[0]?.pods.map((pod) => ({ ...pod, log: 0 })));
    expect({ ...answer, batches: [] }).toEqual({ ...large, batches: [] });
  });

  it('the status where all of them failed: without logs', () => {
    const answer = fittingStatus(whole(stateOf(many(() => ({ state: 'failed', reason: 'not ready within 5m' })))));
    fits(answer);
    expect(answer.batches[0]?.pods.every(({ log, reason }) => log === undefined && reason !== undefined)).toBe(true);
  });

  it('what a release knows: all that it decides by is carried', () => {
    const large = stateOf(many((index) => (index === 7 ? { state: 'failed' } : {})));
    expect(bytesOf(large)).toBeGreaterThan(refusedBytes);
    const carried = fittingState(large);
    fits(carried);
    const decides = (state: ReleaseState) => ({
      ...state,
      batches: state.batches.map((batch) => ({
        ...batch,
        pods: batch.pods.map((pod) => ({ ...pod, passed: 0, node: 0 })),
      })),
    });
    expect(decides(carried)).toEqual(decides(large));
    const little = stateOf([entry(0, { passed: moments(12) })]);
    expect(fittingState(little)).toBe(little);
  });

  const pods = many().map(batchPod);
  const input: BatchInput = {
    target,
    uid: '0d5f2b1e-6a57-4c1e-9a39-000000000000',
    holder: 'r',
    images: { app: 'registry.local/checkout:v1' },
    traffic: { through: [{ service: 'checkout' }], quietMs: 0, maxDrainMs: 60_000, onDrainTimeout: 'Stop' },
    checks: [],
    minReadyMs: 0,
    readyTimeoutMs: 60_000,
    undo: true,
    name: 'undo',
    pods,
    maxUnavailable: count,
    downElsewhere: 0,
    mayFail: count,
    paused: false,
  };

  const pumpOf = (options: Pick<BatchInput, 'pods' | 'earlier'>, maxUnavailable = count): Pump =>
    new Pump({
      ...options,
      stages: forth,
      maxUnavailable,
      downElsewhere: 0,
      mayFail: 0,
      undo: true,
      ...(options.earlier && { settled: options.earlier.result }),
    });
  const at = '2026-11-22T10:00:00.000Z';
  const done = (names: readonly string[]): Handful => ({ done: names, failed: [], later: [], gone: [] });
  /** A batch of which all but the last `left` are through, and those are queued. */
  function pumped(left: number): Pump {
    const pump = pumpOf({ pods }, count - left);
    pump.admit(at);
    for (const stage of forth) pump.settle(stage, done(pods.slice(0, count - left).map((pod) => pod.name)), at);
    expect([pump.inHand, pump.queued]).toEqual([0, left]);
    return pump;
  }

  it('what a batch is started with, what it answers and shows', () => {
    fits(input);
    const pump = pumped(0);
    fits(fittingResult(pump.result()));
    fits(fittingProgress({ pods: pump.progress() }));
    const anew = pods.map((pod) => ({ pod: pod.name, name: pod.name.replace('5d4f8b6c9', '7f9c6d5b4'), uid: pod.uid }));
    const recreated: BatchResult = {
      ...pump.result(),
      done: anew.map((pod) => pod.name),
      became: anew,
      failed: [{ pod: 'late', code: 'POD_FAILED', reason: 'crashed', stage: 'wait' }],
      passed: { ...pump.result().passed, late: moments(3) },
    };
    expect(bytesOf(recreated)).toBeGreaterThan(mostBytes);
    const answer = fittingResult(recreated);
    fits(answer);
    expect(answer).toEqual({ ...recreated, passed: { late: moments(3) } });
  });

  it.each([4_999, 2_500, 1])('a batch goes on in a new run where it was, with %i pods left', (left) => {
    const pump = pumped(left);
    const next = { ...input, earlier: { result: pump.result(), spentMs: 0 } };
    const carried = fittingInput(next);
    fits(carried);
    // Whatever is left is drained and put back as it stood before.
    const open = new Set(pods.slice(count - left).map((pod) => pod.name));
    const openIn = (of: readonly BatchPod[]): readonly BatchPod[] => of.filter((pod) => open.has(pod.name));
    expect(openIn(carried.pods)).toEqual(openIn(pods));
    const [before, after] = [pumpOf(next), pumpOf(carried)];
    for (const one of [before, after]) one.admit(at);
    expect(after.take('drain', count)).toEqual(before.take('drain', count));
    const { passed: _, ...was } = before.result();
    expect(after.result()).toMatchObject(was);
  });
});
