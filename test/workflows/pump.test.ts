import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CarriedStage, Handful } from '../../workflows/contract/activities/handful.ts';
import {
  stages as allStages,
  type BatchPod,
  type BatchResult,
  type Stage,
} from '../../workflows/contract/workflows.ts';
import { Pump } from '../../workflows/pump.ts';

/** A pod is either changed or made anew, and goes only in the latter case. */
const stages: readonly Stage[] = allStages.filter(
  (stage) => stage !== 'recreate' && stage !== 'warm' && stage !== 'retire',
);
const at = '2026-01-01T00:00:00.000Z';
const pods = (count: number, change: (index: number) => Partial<BatchPod> = () => ({})): BatchPod[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `p${index}`,
    uid: `u${index}`,
    wasReady: true,
    ...change(index),
  }));
const done = (names: readonly string[]): Handful => ({ done: names, failed: [], later: [], gone: [] });

const outcomes = ['done', 'later', 'failed', 'gone'] as const;
interface Turn {
  readonly stage: Stage;
  readonly limit: number;
  readonly outcome: readonly (typeof outcomes)[number][];
  /** The call went on with those that are done, to this end in the next stage. */
  readonly onward?: (typeof outcomes)[number] | undefined;
}
const turn: fc.Arbitrary<Turn> = fc.record({
  stage: fc.constantFrom(...stages),
  limit: fc.integer({ min: 1, max: 5 }),
  outcome: fc.array(fc.constantFrom(...outcomes), { minLength: 5, maxLength: 5 }),
  onward: fc.option(fc.constantFrom(...outcomes), { nil: undefined }),
});

/** The stage after `stage`, if a call may go on with it. */
function nextOf(stage: Stage): CarriedStage | undefined {
  const next = stages[stages.indexOf(stage) + 1];
  return next === 'patch' || next === 'wait' || next === 'restore' ? next : undefined;
}

function play(
  pump: Pump,
  { stage, limit, outcome, onward }: Turn,
  seen: { at?: string; down?: readonly string[] } = {},
): void {
  const names = pump.take(stage, limit).map(({ pod }) => pod.name);
  const answerOf = (some: readonly string[], end: (index: number) => string | undefined): Handful => {
    const of = (wanted: string): string[] => some.filter((_, index) => end(index) === wanted);
    const failed = of('failed').map((pod) => ({ pod, code: 'POD_FAILED' as const, reason: 'crashed' }));
    return { done: of('done'), later: of('later'), gone: of('gone'), failed };
  };
  const answer = answerOf(names, (index) => outcome[index]);
  const next = nextOf(stage);
  const wentOn = onward && next && { wentOn: { stage: next, answer: answerOf(answer.done, () => onward) } };
  const others = seen.down && { down: seen.down.filter((name) => !names.includes(name)) };
  pump.settle(stage, { ...answer, ...wentOn, ...others }, seen.at ?? at);
}

describe('pump', () => {
  it('never takes more than maxUnavailable pods out of service, whatever the stages answer', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 5 }),
        fc.array(turn, { maxLength: 120 }),
        (count, maxUnavailable, downElsewhere, mayFail, turns) => {
          const pump = new Pump({ pods: pods(count), stages, maxUnavailable, downElsewhere, undo: false, mayFail });
          for (const next of turns) {
            if (pump.mustStop) break;
            pump.admit(at);
            const { failed, stopped } = pump.result();
            const out = new Set([...failed, ...stopped].map(({ pod }) => pod)).size;
            expect(out).toBeLessThanOrEqual(Math.max(0, maxUnavailable - downElsewhere));
            play(pump, next);
          }
        },
      ),
    );
  });

  it('a call that went on leaves its pods where it got to, to be taken once', () => {
    const pump = new Pump({ pods: pods(3), stages, maxUnavailable: 3, downElsewhere: 0, undo: false, mayFail: 0 });
    pump.admit(at);
    pump.settle('drain', done(pump.take('drain', 3).map(({ pod }) => pod.name)), at);
    const names = pump.take('silence', 3).map(({ pod }) => pod.name);
    const waited = { ...done(['p0']), later: ['p1', 'p2'] };
    const patched = { ...done(names), wentOn: { stage: 'wait' as const, answer: waited } };
    pump.settle('silence', { ...done(names), wentOn: { stage: 'patch', answer: patched } }, at);
    expect(stages.map((stage) => pump.take(stage, 9).map(({ pod }) => pod.name))).toEqual([
      [],
      [],
      [],
      ['p1', 'p2'],
      ['p0'],
      [],
    ]);
  });

  it('a pod that came back by itself begins its time in the stage again', () => {
    const pump = new Pump({ pods: pods(2), stages, maxUnavailable: 2, downElsewhere: 0, undo: false, mayFail: 0 });
    const later = '2026-01-01T00:01:00.000Z';
    pump.admit(at);
    pump.settle('drain', done(pump.take('drain', 2).map(({ pod }) => pod.name)), at);
    pump.take('silence', 2);
    pump.settle('silence', { ...done([]), later: ['p0', 'p1'], again: ['p1'] }, later);
    expect(pump.take('silence', 2).map(({ since }) => since)).toEqual([at, later]);
  });

  describe('pods that were done and are out of service again', () => {
    const later = (seconds: number): string => new Date(Date.parse(at) + seconds * 1000).toISOString();
    const options = { stages, downElsewhere: 0, undo: false, mayFail: 0, leaving: 'drain' as const };
    const through = (pump: Pump, when: string): void => {
      for (const stage of stages) {
        const names = pump.take(stage, 9).map(({ pod }) => pod.name);
        if (names.length > 0) pump.settle(stage, done(names), when);
      }
    };
    /** The first is done; the second is drained, and its drain tells of `down`. */
    const second = (down: readonly string[], seconds = 60, change: Partial<typeof options> = {}): Pump => {
      const pump = new Pump({ ...options, ...change, pods: pods(4), maxUnavailable: 1 });
      pump.admit(at);
      through(pump, at);
      pump.admit(at);
      pump.settle('drain', { ...done(pump.take('drain', 9).map(({ pod }) => pod.name)), down }, later(seconds));
      return pump;
    };

    it('are waited for as at first, and nobody else goes meanwhile', () => {
      const pump = second(['p0']);
      expect(pump.result()).toMatchObject({ done: [], stopped: [{ pod: 'p1' }, { pod: 'p0', stage: 'restore' }] });
      expect(pump.progress()[0]).toMatchObject({ name: 'p0', state: 'wait' });
      const waiting = pump.take('wait', 9).map(({ pod }) => pod.name);
      expect(waiting).toEqual(['p0']);
      through(pump, later(61));
      pump.admit(later(61));
      expect({ done: pump.result().done, inHand: pump.inHand }).toEqual({ done: ['p1'], inHand: 1 });
      pump.settle('wait', done(waiting), later(62));
      through(pump, later(62));
      pump.admit(later(62));
      expect(pump.result()).toMatchObject({ done: ['p1', 'p0'], stopped: [{ pod: 'p2' }], queued: ['p3'] });
    });

    it('fail as others do, and are still in traffic then: a rollback drains them', () => {
      const pump = second(['p0']);
      const failed = [{ pod: 'p0', code: 'POD_FAILED' as const, reason: 'CrashLoopBackOff' }];
      pump.take('wait', 9);
      pump.settle('wait', { ...done([]), failed }, later(90));
      expect(pump.mustStop).toBe(true);
      expect(pump.result()).toMatchObject({ done: [], failed: [{ pod: 'p0', stage: 'restore' }] });
    });

    it('were seen a moment too early where they have just come up', () => {
      expect(second(['p0'], 1).result()).toMatchObject({ done: ['p0'], stopped: [{ pod: 'p1' }] });
    });

    it('are none of a rollback', () => {
      const pump = new Pump({ ...options, leaving: undefined, undo: true, pods: pods(2), maxUnavailable: 1 });
      pump.admit(at);
      through(pump, at);
      pump.admit(at);
      pump.settle('drain', { ...done(pump.take('drain', 9).map(({ pod }) => pod.name)), down: ['p0'] }, later(60));
      expect(pump.result().done).toEqual(['p0']);
    });

    it('count as those elsewhere do, until a look says that they are back', () => {
      const pump = second(['stranger']);
      through(pump, later(61));
      pump.admit(later(61));
      expect({ blocked: pump.blockedByBudget, others: pump.othersDown }).toEqual({ blocked: true, others: 1 });
      pump.looked(0, undefined);
      pump.admit(later(62));
      expect(pump.result().stopped).toMatchObject([{ pod: 'p2' }]);
    });

    it('never let an admission go beyond maxUnavailable', () => {
      const looks = fc.array(fc.tuple(turn, fc.subarray(pods(12).map(({ name }) => name))), { maxLength: 120 });
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 5 }), looks, (maxUnavailable, turns) => {
          const pump = new Pump({ ...options, mayFail: 12, pods: pods(12), maxUnavailable });
          let seconds = 0;
          for (const [next, down] of turns) {
            const before = pump.inHand;
            pump.admit(later(seconds));
            expect(pump.inHand).toBeLessThanOrEqual(Math.max(before, maxUnavailable));
            seconds += 10;
            play(pump, next, { at: later(seconds), down });
          }
          const { done: all, failed, gone, queued, stopped } = pump.result();
          const ended = new Set([...all, ...failed.map(({ pod }) => pod), ...gone, ...queued]);
          for (const { pod } of stopped) ended.add(pod);
          expect(ended.size).toBe(12);
          expect(new Set(all).size).toBe(all.length);
        }),
      );
    });
  });

  it('keeps each pod in exactly one list of the result', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        fc.array(turn, { maxLength: 80 }),
        (count, undo, turns) => {
          const pump = new Pump({ pods: pods(count), stages, maxUnavailable: 4, downElsewhere: 0, undo, mayFail: 1 });
          for (const next of turns) {
            pump.admit(at);
            play(pump, next);
          }
          const result = pump.result();
          const failed = new Set(result.failed.map(({ pod }) => pod));
          const names = [
            ...result.done,
            ...failed,
            ...result.gone.filter((name) => !failed.has(name)),
            ...result.queued,
            ...result.stopped.map(({ pod }) => pod).filter((name) => !failed.has(name)),
          ];
          expect(names.toSorted()).toEqual(
            pods(count)
              .map(({ name }) => name)
              .toSorted(),
          );
          expect(pump.progress()).toHaveLength(count);
        },
      ),
    );
  });

  it('brings every pod through every stage in order when all goes well, admitting in the order given', () => {
    const pump = new Pump({ pods: pods(5), stages, maxUnavailable: 2, downElsewhere: 0, undo: false, mayFail: 0 });
    const seen: string[] = [];
    pump.admit(at);
    for (let round = 0; round < 3; round += 1) {
      for (const stage of stages) {
        const names = pump.take(stage, 10).map(({ pod }) => pod.name);
        if (stage === 'drain') seen.push(...names);
        pump.settle(stage, done(names), at);
      }
      pump.admit(at);
    }
    expect(seen).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
    expect(pump.result()).toMatchObject({ done: seen, failed: [], queued: [], stopped: [] });
  });

  it('kruise#898: pods that are down already are taken first, and no more than maxUnavailable of them at once', () => {
    const down = pods(6, (index) => ({ wasReady: index >= 4 }));
    const pump = new Pump({ pods: down, stages, maxUnavailable: 2, downElsewhere: 0, undo: false, mayFail: 0 });
    pump.admit(at);
    expect(pump.take('drain', 10).map(({ pod }) => pod.name)).toEqual(['p0', 'p1']);
    expect(pump.queued).toBe(4);
  });

  it('scenario 45: pods that are down elsewhere use up the budget; it goes on when they come back', () => {
    const pump = new Pump({ pods: pods(3), stages, maxUnavailable: 2, downElsewhere: 2, undo: false, mayFail: 0 });
    pump.admit(at);
    expect(pump.blockedByBudget).toBe(true);
    pump.downElsewhere = 1;
    pump.admit(at);
    expect(pump.inHand).toBe(1);
  });

  it('scenario 45: a disruption budget holds back pods that are ready, and no more than maxUnavailable ever go', () => {
    const three = pods(3, (index) => ({ wasReady: index > 0 }));
    const budget = { name: 'web', out: 0 };
    const options = { pods: three, stages, maxUnavailable: 2, downElsewhere: 0, undo: false, mayFail: 0, budget };
    const pump = new Pump(options);
    pump.admit(at);
    // To change one that is down takes nothing away from the budget.
    expect(pump.take('drain', 10).map(({ pod }) => pod.name)).toEqual(['p0']);
    for (const stage of stages) pump.settle(stage, done(['p0']), at);
    pump.admit(at);
    expect(pump.blockedByBudget).toBe(true);
    pump.budget = { name: 'web', out: 1 };
    pump.admit(at);
    expect(pump.take('drain', 10).map(({ pod }) => pod.name)).toEqual(['p1']);
    pump.budget = undefined;
    pump.admit(at);
    expect(pump.inHand).toBe(2);
  });

  it('its own failed pods are no waiting for a budget: the progress deadline counts', () => {
    const budget = { name: 'web', out: 1 };
    const options = { pods: pods(2), stages, maxUnavailable: 2, downElsewhere: 0, undo: false, mayFail: 1, budget };
    const pump = new Pump(options);
    pump.admit(at);
    const failed = [{ pod: 'p0', code: 'POD_FAILED' as const, reason: 'crashed' }];
    pump.take('drain', 1);
    pump.settle('drain', { done: [], later: [], gone: [], failed }, at);
    pump.settle('restore', done(['p0']), at);
    pump.admit(at);
    expect(pump.inHand).toBe(0);
    expect(pump.blockedByBudget).toBe(false);
  });

  it('a rollback puts a pod that it could not heal back into traffic, and goes on with the others', () => {
    const pump = new Pump({
      pods: pods(2),
      stages: ['patch', 'wait', 'restore'],
      maxUnavailable: 1,
      downElsewhere: 0,
      undo: true,
      mayFail: 0,
    });
    pump.admit(at);
    const [first] = pump.take('patch', 1);
    pump.settle('patch', done(['p0']), at);
    pump.take('wait', 1);
    pump.settle(
      'wait',
      { done: [], later: [], gone: [], failed: [{ pod: 'p0', code: 'POD_FAILED', reason: 'still down' }] },
      at,
    );
    expect(first?.pod.name).toBe('p0');
    expect(pump.has('restore')).toBe(true);
    pump.take('restore', 1);
    pump.settle('restore', done(['p0']), at);
    pump.admit(at);
    expect(pump.take('patch', 1).map(({ pod }) => pod.name)).toEqual(['p1']);
    expect(pump.result()).toMatchObject({ done: [], failed: [{ pod: 'p0', stage: 'wait' }], stopped: [{ pod: 'p1' }] });
  });

  it('scenario 22: a pod that may fail goes back into traffic as its readiness says, and stays out of the budget', () => {
    const pump = new Pump({ pods: pods(3), stages, maxUnavailable: 1, downElsewhere: 0, undo: false, mayFail: 1 });
    pump.admit(at);
    pump.take('drain', 1);
    pump.settle('drain', done(['p0']), at);
    pump.take('silence', 1);
    const failed = [{ pod: 'p0', code: 'POD_FAILED' as const, reason: 'crashed' }];
    pump.settle('silence', { done: [], later: [], gone: [], failed }, at);
    expect(pump.mustStop).toBe(false);
    expect(pump.take('restore', 1).map(({ pod }) => pod.name)).toEqual(['p0']);
    pump.settle('restore', done(['p0']), at);
    pump.admit(at);
    // It is down for all that is known, and that is no waiting for others: the progress deadline counts.
    expect(pump.inHand).toBe(0);
    expect(pump.blockedByBudget).toBe(false);
  });

  it('a pod that is out of traffic already starts with the patch in a rollback, and anew on a second try forward', () => {
    for (const undo of [true, false]) {
      const pump = new Pump({
        pods: pods(1, () => ({ outOfTraffic: true })),
        stages,
        maxUnavailable: 1,
        downElsewhere: 0,
        undo,
        mayFail: 0,
      });
      pump.admit(at);
      expect(pump.has('drain')).toBe(!undo);
      expect(pump.has('patch')).toBe(undo);
    }
  });

  it('continues from what an earlier run has settled', () => {
    const first = new Pump({
      pods: pods(4),
      stages: ['patch'],
      maxUnavailable: 2,
      downElsewhere: 0,
      undo: false,
      mayFail: 0,
    });
    first.admit(at);
    first.take('patch', 2);
    first.settle('patch', { done: ['p0'], failed: [], later: [], gone: ['p1'] }, at);
    const next = new Pump({
      pods: pods(4),
      stages: ['patch'],
      maxUnavailable: 2,
      downElsewhere: 0,
      undo: false,
      mayFail: 0,
      settled: first.result(),
    });
    expect(next.queued).toBe(2);
    expect(next.result()).toMatchObject({ done: ['p0'], gone: ['p1'], queued: ['p2', 'p3'] });
  });
});

const deletedFirst = allStages.filter((stage) => stage !== 'patch' && stage !== 'warm' && stage !== 'retire');
const bornFirst: readonly Stage[] = ['recreate', 'wait', 'check', 'restore', 'warm', 'retire'];

describe.each([
  ['made anew', deletedFirst],
  ['made anew, the new ones first', bornFirst],
])('pods that are %s', (_title, anew) => {
  const pumpOf = (count: number, maxUnavailable: number, settled?: BatchResult) =>
    new Pump({
      pods: pods(count),
      stages: anew,
      maxUnavailable,
      downElsewhere: 0,
      undo: false,
      mayFail: count,
      ...(settled && { settled }),
    });

  it('are in exactly one list under the name of who is there now, also when the batch goes on in another run', () => {
    const step = fc.record({
      stage: fc.constantFrom(...anew),
      limit: fc.integer({ min: 1, max: 4 }),
      ends: fc.array(fc.constantFrom(...outcomes), { minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 80 }), (count, steps) => {
        let pump = pumpOf(count, 3);
        for (const { stage, limit, ends } of steps) {
          pump.admit(at);
          const names = pump.take(stage, limit).map(({ pod }) => pod.name);
          const of = (end: string) => names.filter((_, index) => ends[index] === end);
          const failed = of('failed').map((pod) => ({ pod, code: 'POD_FAILED' as const, reason: 'crashed' }));
          const became = of('done').map((pod) => ({ pod, name: `${pod}-new`, uid: `${pod}-uid` }));
          const answer = { done: of('done'), later: of('later'), gone: of('gone'), failed };
          pump.settle(stage, stage === 'recreate' ? { ...answer, became } : answer, at);
          if (pump.inHand === 0) pump = pumpOf(count, 3, pump.result());
        }
        const { done: through, failed, gone, stopped, queued, became = [] } = pump.result();
        const now = new Map(became.map(({ pod, name }) => [pod, name]));
        const here = pods(count).map(({ name }) => now.get(name) ?? name);
        const failures = new Set(failed.map(({ pod }) => pod));
        const listed = [...through, ...gone, ...failures, ...stopped.map(({ pod }) => pod), ...queued];
        expect([...new Set(listed)].toSorted()).toEqual(here.toSorted());
        expect(through.filter((name) => failures.has(name))).toEqual([]);
        const shown = pump.progress();
        expect(shown.map(({ name }) => name)).toEqual(here);
        // Whoever knows the pods by their old names finds each of them.
        expect(shown.map(({ name, replaces = name }) => replaces)).toEqual(pods(count).map(({ name }) => name));
        expect(stopped.length).toBeLessThanOrEqual(3);
      }),
    );
  });

  it('says what a pod in hand waits for until it goes on, or waits for something else', () => {
    const pump = new Pump({ pods: pods(2), stages, maxUnavailable: 2, downElsewhere: 0, mayFail: 0, undo: false });
    const waiting = () => pump.progress().map(({ waitsFor }) => waitsFor);
    const go = (stage: Stage, answer: Partial<Handful>) => {
      pump.take(stage, 2);
      pump.settle(stage, { ...done([]), ...answer }, at);
    };
    pump.admit(at);
    go('drain', { later: ['p0', 'p1'], waits: [{ pod: 'p0', text: 'the last endpoint' }] });
    expect(waiting()).toEqual(['the last endpoint', undefined]);
    go('drain', { done: ['p0', 'p1'] });
    expect(waiting()).toEqual([undefined, undefined]);
    go('silence', { later: ['p0', 'p1'], waits: ['p0', 'p1'].map((pod) => ({ pod, text: '3 connections left' })) });
    expect(waiting()).toEqual(['3 connections left', '3 connections left']);
    const failed = [{ pod: 'p1', code: 'DRAIN_TIMEOUT' as const, reason: 'called' }];
    go('silence', { later: ['p0'], failed });
    expect(waiting()).toEqual([undefined, undefined]);
  });
});
