import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasBegun, realsOf, swapped, takerOf } from '../../workflows/contract/hotSwap/roles.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { observe, pod, podsOf, quietFindings, specOf } from './observations.ts';

const [v1, v2, empty] = ['r.test/proxy:v1', 'r.test/proxy:v2', 'r.test/empty:1'];
const first: Images = { one: v1, two: empty };
const second: Images = { one: empty, two: v1 };
const hotSwap = { containers: ['one', 'two'] as [string, string], image: v2, emptyImage: empty };
const spec = (change: Partial<ReleaseSpecInput> = {}) =>
  specOf({ change: { hotSwap }, strategy: { mode: 'HotSwap' }, ...change });
const pair = (count: number, images: Images = first) => podsOf(count).map((one) => ({ ...one, images }));
const code = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('the plan of a hot swap', () => {
  it('puts the new version where the template has the empty image, and the empty one where the old version is', () => {
    const plan = planRelease(spec(), observe(pair(3), { templateImages: first }));
    expect(plan.mode).toMatchObject({ asked: 'HotSwap', used: 'HotSwap' });
    expect(plan.change).toMatchObject({
      from: first,
      to: { one: empty, two: v2 },
      version: 'v2',
      fromVersion: 'v1',
      hotSwap: { containers: ['one', 'two'], image: v2, emptyImage: empty },
    });
    expect(plan.batches.flatMap(({ pods }) => pods.map(({ from }) => from))).toEqual([undefined, undefined, undefined]);
  });

  it('the roles swap with the next release', () => {
    const plan = planRelease(spec(), observe(pair(2, second), { templateImages: second }));
    expect(plan.change.to).toEqual({ one: v2, two: empty });
  });

  it('a pod whose roles are the other way round goes along, and its own images are kept for the way back', () => {
    const other = pod('other', 'a', { images: second });
    const plan = planRelease(spec(), observe([...pair(2), other], { templateImages: first }));
    const planned = plan.batches.flatMap(({ pods }) => pods).find(({ name }) => name === 'other');
    expect(planned?.from).toEqual(second);
  });

  it('leaves out pods that have the new version, in whichever container', () => {
    const done = [
      pod('a', 'a', { images: { one: v2, two: empty } }),
      pod('b', 'a', { images: { one: empty, two: v2 } }),
    ];
    const plan = planRelease(spec(), observe([...pair(2), ...done], { templateImages: first }));
    expect(plan.batches.flatMap(({ pods }) => pods)).toHaveLength(2);
  });

  it('pins the new version by the digest that the registry gives, and leaves the empty image as it is written', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const findings = { ...quietFindings, digests: { one: `sha256:${'b'.repeat(64)}`, two: digest } };
    const plan = planRelease(spec(), observe(pair(2), { templateImages: first, findings }));
    expect(plan.change.to).toEqual({ one: empty, two: `${v2}@${digest}` });
  });

  it('has a command that says who holds the connections, with its time in ms', () => {
    const holds = { command: ['proxy', 'holds'], timeout: '3s' };
    const plan = planRelease(
      spec({ change: { hotSwap: { ...hotSwap, holds } } }),
      observe(pair(2), { templateImages: first }),
    );
    expect(plan.change.hotSwap?.holds).toEqual({ command: ['proxy', 'holds'], timeoutMs: 3000 });
  });
});

describe('what is refused', () => {
  const planned = (images: Images, templateImages = images) =>
    code(() => planRelease(spec(), observe(pair(2, images), { templateImages })));

  it('containers that are not there', () => {
    const found = code(() => planRelease(spec(), observe(podsOf(2))));
    expect(found).toMatchObject({ code: 'CONTAINER_NOT_FOUND', message: expect.stringContaining('one, two') });
  });

  it('both real, both empty: in the template, and in a pod, by name', () => {
    expect(planned({ one: v1, two: v1 })).toMatchObject({
      code: 'WORKLOAD_UNFIT',
      message: expect.stringContaining('neither'),
    });
    expect(planned({ one: empty, two: empty })).toMatchObject({
      code: 'WORKLOAD_UNFIT',
      message: expect.stringContaining('both'),
    });
    expect(planned({ one: v1, two: v2 }, first)).toMatchObject({
      code: 'WORKLOAD_UNFIT',
      message: expect.stringContaining('pod p00'),
    });
    expect(planned({ one: empty, two: empty }, first)).toMatchObject({
      code: 'WORKLOAD_UNFIT',
      message: expect.stringContaining('pod p00'),
    });
  });

  it('the version that runs already', () => {
    const now = { one: v2, two: empty };
    expect(planned(now)).toMatchObject({ code: 'IMAGE_UNCHANGED' });
    expect(planned({ one: empty, two: v2 }, now)).toMatchObject({ code: 'IMAGE_UNCHANGED' });
  });

  it.each([
    [
      'the same container twice',
      { hotSwap: { ...hotSwap, containers: ['one', 'one'] } },
      'HotSwap',
      'change.hotSwap.containers',
    ],
    ['one image for both', { hotSwap: { ...hotSwap, emptyImage: v2 } }, 'HotSwap', 'change.hotSwap.emptyImage'],
    ['an order', { hotSwap, order: ['one'] }, 'HotSwap', 'change.order'],
    ['other images besides', { hotSwap, images: { app: v2 } }, 'HotSwap', 'change.hotSwap'],
    ['another mode', { hotSwap }, 'Recreate', 'strategy.mode'],
    ['the mode without it', { images: { app: v2 } }, 'HotSwap', 'strategy.mode'],
  ])('%s, by the spec alone', (_, change, mode, field) => {
    const input = { change, strategy: { mode } } as unknown as Partial<ReleaseSpecInput>;
    expect(code(() => specOf(input))).toMatchObject({ code: 'SPEC_INVALID', message: expect.stringContaining(field) });
  });

  it('to supersede another release by it', () => {
    const running = { holder: 'h', change: { from: {}, to: {}, version: 'v0', fromVersion: '' } };
    const observation = observe(pair(2), { templateImages: first, supersedes: running });
    expect(code(() => planRelease(spec(), observation))).toMatchObject({ code: 'REFUSED' });
  });
});

describe('roles', () => {
  const version = fc.constantFrom(v1, v2, 'r.test/proxy:v3', `${v1}@sha256:${'c'.repeat(64)}`);
  const sound = fc
    .tuple(version, fc.boolean(), fc.constantFrom(empty, `${empty}@sha256:${'d'.repeat(64)}`))
    .map(([real, turned, none]): Images => (turned ? { one: none, two: real } : { one: real, two: none }));
  const swap = { ...hotSwap };

  it('a pod ends with the new version exactly once, in the container that had none, unless it had it before', () => {
    fc.assert(
      fc.property(sound, (images) => {
        const goal = swapped(images, swap);
        expect(Object.values(goal).toSorted()).toEqual([empty, v2].toSorted());
        const [real = ''] = realsOf(images, swap);
        expect(takerOf(goal, swap) === real).toBe(images[real] === v2);
        expect(realsOf(goal, swap)).toEqual([takerOf(goal, swap)]);
      }),
    );
  });

  it('between the two writes the goal stays the same, and the pod counts as begun', () => {
    fc.assert(
      fc.property(sound, (images) => {
        const goal = swapped(images, swap);
        const taker = takerOf(goal, swap);
        const between = { ...images, [taker]: goal[taker] ?? '' };
        expect(swapped(between, swap)).toEqual(goal);
        expect(hasBegun(between, swap)).toBe(true);
        expect(swapped(goal, swap)).toEqual(goal);
      }),
    );
  });
});
