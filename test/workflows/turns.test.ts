import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handfulRequest } from '../../workflows/batchPlan.ts';
import type { CarriedStage, Handful, HandfulRequest } from '../../workflows/contract/activities/handful.ts';
import type { ContainerOrder } from '../../workflows/contract/plan.ts';
import { stages as allStages, type BatchInput, type Stage } from '../../workflows/contract/workflows.ts';
import { Pump } from '../../workflows/pump.ts';

/** A pod is either changed or made anew, and goes only in the latter case. */
const stages: readonly Stage[] = allStages.filter(
  (stage) => stage !== 'recreate' && stage !== 'warm' && stage !== 'retire',
);
const at = '2026-01-01T00:00:00.000Z';

/** A batch of `count` pods whose containers change in this order; quiet at once, so that a silence goes on. */
function batchOf(order: ContainerOrder, count: number): BatchInput {
  return {
    target: { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' },
    uid: 'uid',
    holder: 'release|run',
    name: 'gray',
    images: Object.fromEntries(order.flat().map((container) => [container, `${container}:v2`])),
    traffic: { through: [{ service: 'checkout' }], quietMs: 0, maxDrainMs: 0, onDrainTimeout: 'Stop' },
    checks: [],
    minReadyMs: 0,
    readyTimeoutMs: 0,
    undo: false,
    pods: Array.from({ length: count }, (_, index) => ({ name: `p${index}`, uid: `u${index}`, wasReady: true })),
    order,
    maxUnavailable: 3,
    downElsewhere: 0,
    mayFail: count,
    paused: false,
  };
}

/** One to five containers, in groups. */
const anyOrder = fc
  .shuffledSubarray(['app', 'proxy', 'logger', 'cache', 'agent'], { minLength: 2 })
  .chain((names) =>
    fc
      .array(fc.nat({ max: names.length - 1 }), { minLength: names.length, maxLength: names.length })
      .map((groups) => names.map((_, group) => names.filter((__, index) => groups[index] === group)))
      .map((groups) => groups.filter((group) => group.length > 0)),
  )
  .filter((groups) => groups.length > 1);

const outcomes = ['done', 'done', 'done', 'later', 'failed', 'gone'] as const;
type Outcome = (typeof outcomes)[number];
interface Round {
  readonly stage: Stage;
  readonly limit: number;
  /** What becomes of the pods, one after another. */
  readonly ends: readonly Outcome[];
  /** Whether the call goes on, where it may. */
  readonly goesOn: boolean;
}
const round: fc.Arbitrary<Round> = fc.record({
  stage: fc.constantFrom(...stages),
  limit: fc.integer({ min: 1, max: 4 }),
  ends: fc.array(fc.constantFrom(...outcomes), { minLength: 4, maxLength: 4 }),
  goesOn: fc.boolean(),
});

/** What the containers of each pod run, which of them were seen to be well on it, and what should not have been. */
class Cluster {
  readonly well = new Map<string, ReadonlySet<string>>();
  readonly faults: string[] = [];
  readonly #changed = new Set<string>();
  readonly #failed = new Set<string>();
  readonly #order: ContainerOrder;

  constructor(order: ContainerOrder) {
    this.#order = order;
  }

  /** Answers for `names`; goes on with stage `goOn` of the request, unless that is negative. */
  call(
    stage: Stage,
    request: HandfulRequest,
    names: readonly string[],
    ends: readonly Outcome[],
    goOn: number,
  ): Handful {
    const due = Object.keys(request.images);
    const of = (wanted: Outcome): string[] => names.filter((_, index) => ends[index % ends.length] === wanted);
    for (const name of names) {
      if (stage === 'patch') this.#patch(name, due);
      if (stage === 'restore') this.#restore(name);
    }
    if (stage === 'wait') for (const name of of('done')) this.well.set(name, new Set(due));
    for (const name of of('failed')) this.#failed.add(name);
    const failed = of('failed').map((pod) => ({ pod, code: 'POD_FAILED' as const, reason: 'crashed' }));
    const answer: Handful = { done: of('done'), later: of('later'), gone: of('gone'), failed };
    const next: CarriedStage | undefined = request.goOn?.[goOn];
    if (next === undefined || answer.done.length === 0) return answer;
    const onward = this.call(next, request, answer.done, [...ends.slice(1), 'done'], goOn + 1);
    return { ...answer, wentOn: { stage: next, answer: onward } };
  }

  /** Whole groups in their order, and those before the last one are well. */
  #patch(name: string, due: readonly string[]): void {
    const groups = this.#order.filter((group) => group.every((container) => due.includes(container)));
    const before = groups.slice(0, -1).flat();
    const isBeginning = same(due, this.#order.slice(0, groups.length).flat());
    const areWell = before.every((container) => this.well.get(name)?.has(container));
    if (!isBeginning || !areWell) this.faults.push(`${name}: changed ${due.join(' ')}`);
    this.#changed.add(name);
  }

  /** Only a pod that has failed goes back into traffic with some of its containers as they were. */
  #restore(name: string): void {
    if (!this.#changed.has(name) || this.#failed.has(name) || this.isWell(name)) return;
    this.faults.push(`${name}: restored with ${[...(this.well.get(name) ?? [])].join(' ')}`);
  }

  isWell(name: string): boolean {
    return same([...(this.well.get(name) ?? [])], this.#order.flat());
  }
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.toSorted().join(' ') === b.toSorted().join(' ');

describe('containers in order', () => {
  it('a container is changed only when all before it are well, whatever the calls answer', () => {
    fc.assert(
      fc.property(
        anyOrder,
        fc.integer({ min: 1, max: 6 }),
        fc.array(round, { maxLength: 150 }),
        (order, count, rounds) => {
          const input = batchOf(order, count);
          const pump = new Pump({ ...input, stages, turns: order.length });
          const cluster = new Cluster(order);
          const play = ({ stage, limit, ends, goesOn }: Round): void => {
            const pods = pump.take(stage, limit);
            if (pods.length === 0) return;
            const request = handfulRequest(stage, input, pods);
            const names = pods.map(({ pod }) => pod.name);
            pump.settle(stage, cluster.call(stage, request, names, ends, goesOn ? 0 : -1), at);
          };
          for (const next of rounds) {
            pump.admit(at);
            play(next);
          }
          // From wherever that ended, all goes well.
          const ends = ['done'] as const;
          for (let left = 0; left < 200 && (pump.inHand > 0 || pump.queued > 0); left += 1) {
            pump.admit(at);
            for (const stage of stages) play({ stage, limit: 4, ends, goesOn: left % 2 === 0 });
          }
          const { done, stopped } = pump.result();
          expect(cluster.faults).toEqual([]);
          expect(stopped).toEqual([]);
          expect(done.filter((name) => !cluster.isWell(name))).toEqual([]);
        },
      ),
    );
  });

  it('a pod goes from its first container’s wait to the next one’s patch, and out of the last one’s on', () => {
    const input = batchOf([['proxy'], ['app']], 1);
    const pump = new Pump({ ...input, stages: ['patch', 'wait', 'restore'], turns: 2 });
    pump.admit(at);
    const seen: unknown[] = [];
    for (const stage of ['patch', 'wait', 'patch', 'wait', 'restore'] as const) {
      const { turn, images, goOn } = handfulRequest(stage, input, pump.take(stage, 1));
      seen.push([stage, turn?.containers, turn?.last, Object.keys(images), goOn]);
      pump.settle(stage, { done: ['p0'], failed: [], later: [], gone: [] }, at);
    }
    expect(seen).toEqual([
      ['patch', ['proxy'], false, ['proxy'], ['wait']],
      ['wait', ['proxy'], false, ['proxy'], undefined],
      ['patch', ['app'], true, ['proxy', 'app'], ['wait', 'restore']],
      ['wait', ['app'], true, ['proxy', 'app'], ['restore']],
      ['restore', undefined, undefined, ['proxy', 'app'], undefined],
    ]);
    expect(pump.result().done).toEqual(['p0']);
  });

  it('pods at different containers are in different calls', () => {
    const input = batchOf([['proxy'], ['app']], 3);
    const pump = new Pump({ ...input, stages: ['patch', 'wait'], turns: 2 });
    pump.admit(at);
    pump.take('patch', 1);
    pump.settle('patch', { done: ['p0'], failed: [], later: [], gone: [] }, at);
    pump.take('wait', 1);
    pump.settle('wait', { done: ['p0'], failed: [], later: [], gone: [] }, at);
    const calls = [pump.take('patch', 9), pump.take('patch', 9)].map((pods) => pods.map(({ pod }) => pod.name));
    expect(calls).toEqual([['p1', 'p2'], ['p0']]);
  });

  it('a pod with images of its own gets those of its turn', () => {
    const input = batchOf([['proxy'], ['app']], 1);
    const own = { proxy: 'proxy:v0', app: 'app:v0' };
    const pod = { name: 'p0', uid: 'u0', wasReady: true, images: own };
    const asked = (turn: number) => handfulRequest('patch', input, [{ pod, since: at, stage: 'patch', turn }]).pods[0];
    expect(asked(0)?.images).toEqual({ proxy: 'proxy:v0' });
    expect(asked(1)?.images).toEqual(own);
  });
});
