import { describe, expect, it } from 'vitest';
import type { Handful } from '../../workflows/contract/activities/handful.ts';
import type { PodStatus } from '../../workflows/contract/status.ts';
import type { BatchPod, BatchResult, Stage } from '../../workflows/contract/workflows.ts';
import { passageOf, withPassages } from '../../workflows/passages.ts';
import { Pump, type PumpOptions } from '../../workflows/pump.ts';
import { waitingBatch } from '../../workflows/state.ts';

const second = (count: number): string => new Date(count * 1_000).toISOString();
const pod = (name: string): BatchPod => ({ name, uid: `uid-${name}`, wasReady: true });
const done = (...names: readonly string[]): Handful => ({ done: names, failed: [], later: [], gone: [] });
const failed = (name: string): Handful => ({
  ...done(),
  failed: [{ pod: name, code: 'POD_FAILED', reason: 'crashed' }],
});
const pumpOf = (stages: readonly Stage[], more: Partial<PumpOptions> = {}): Pump =>
  new Pump({ pods: [pod('a')], stages, maxUnavailable: 1, downElsewhere: 0, undo: false, mayFail: 0, ...more });
/** `out 1`, `silent 6`, … in seconds. */
const told = (log: PodStatus['log'] = []): string[] => log.map(({ is, at }) => `${is} ${Date.parse(at) / 1_000}`);

describe('the log of a pod', () => {
  it('has when it was out, silent, changed, ready and back, also of stages that one call went through', () => {
    const pump = pumpOf(['drain', 'silence', 'patch', 'wait', 'check', 'restore']);
    pump.admit(second(0));
    pump.settle('drain', done('a'), second(1));
    // Silent after 6 s, patched after 8, and ready after 9, when the call answered.
    const ready = { stage: 'wait' as const, tookMs: 1_000, answer: done('a') };
    const patched = { stage: 'patch' as const, tookMs: 2_000, answer: { ...done('a'), wentOn: ready } };
    pump.settle('silence', { ...done('a'), wentOn: patched }, second(9));
    expect(told(pump.progress()[0]?.log)).toEqual(['out 1', 'silent 6', 'patched 8', 'ready 9']);
    pump.settle('check', done('a'), second(10));
    pump.settle('restore', done('a'), second(11));
    const whole = ['out 1', 'silent 6', 'patched 8', 'ready 9', 'checked 10', 'back 11'];
    expect(told(pump.progress()[0]?.log)).toEqual(whole);
    const next = pumpOf(['drain'], { settled: pump.result() });
    expect(told(next.progress()[0]?.log)).toEqual(whole);
  });

  it('does not say of a pod that was so already that it was patched', () => {
    const pump = pumpOf(['drain', 'patch', 'wait', 'restore']);
    pump.admit(second(0));
    pump.settle('drain', done('a'), second(1));
    pump.settle('patch', { ...done('a'), asWas: ['a'] }, second(2));
    pump.settle('wait', done('a'), second(3));
    expect(told(pump.progress()[0]?.log)).toEqual(['out 1', 'ready 3']);
  });

  it('says ready after the last of its containers only', () => {
    const pump = pumpOf(['patch', 'wait'], { turns: 2 });
    pump.admit(second(0));
    for (const [stage, at] of [
      ['patch', 1],
      ['wait', 2],
      ['patch', 3],
      ['wait', 4],
    ] as const)
      pump.settle(stage, done('a'), second(at));
    expect(told(pump.progress()[0]?.log)).toEqual(['patched 1', 'patched 3', 'ready 4']);
  });

  it('goes on under the name of the pod in whose place another one is', () => {
    const pump = pumpOf(['drain', 'recreate', 'wait']);
    pump.admit(second(0));
    pump.settle('drain', done('a'), second(1));
    pump.settle('recreate', { ...done('a'), became: [{ pod: 'a', name: 'b', uid: 'uid-b' }] }, second(2));
    pump.settle('wait', done('b'), second(3));
    expect(pump.progress()).toMatchObject([{ name: 'b', replaces: 'a' }]);
    expect(told(pump.progress()[0]?.log)).toEqual(['out 1', 'recreated 2', 'ready 3']);
  });

  it('says when it failed, and that it is back all the same', () => {
    const pump = pumpOf(['drain', 'patch', 'restore'], { mayFail: 1 });
    pump.admit(second(0));
    pump.settle('drain', done('a'), second(1));
    pump.settle('patch', failed('a'), second(2));
    pump.settle('restore', done('a'), second(3));
    expect(told(pump.progress()[0]?.log)).toEqual(['out 1', 'failed 2', 'back 3']);
  });
});

it('what a batch went through is added to what the release knows of its pods, and of no other of that name', () => {
  const rest = { mayFail: 0, gate: { id: 'after', bakeMs: 0 } };
  const planned = (name: string, uid: string) => ({ name, uid, node: '', ready: true });
  const batches = [
    waitingBatch({ ...rest, name: 'gray', pods: [planned('a', 'uid-a'), planned('b', 'uid-b')] }),
    waitingBatch({ ...rest, name: 'batch-1', pods: [planned('a', 'another')] }),
  ];
  const result = (passed: BatchResult['passed'] = {}): BatchResult => ({
    done: [],
    failed: [],
    gone: [],
    stopped: [],
    queued: [],
    notes: [],
    passed,
  });
  const forward = withPassages(batches, [pod('a'), pod('b')], result({ a: [passageOf('out', 1)] }));
  const back = withPassages(forward, [pod('a')], result({ a: [passageOf('back', 2)] }));
  expect(back.map(({ pods }) => pods.map(({ passed }) => passed))).toEqual([
    [[passageOf('out', 1), passageOf('back', 2)], undefined],
    [undefined],
  ]);
});
