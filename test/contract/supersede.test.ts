import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObservedPod } from '../../workflows/contract/observation.ts';
import {
  afterGoingBack,
  goesBackFirst,
  type RunningRelease,
  requireSameWay,
} from '../../workflows/contract/planner/supersede.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { anyPods, anyStrategy, observe, pod, podsOf, specOf } from './observations.ts';

const image = (tag: string): string => `r.test/checkout:${tag}`;
const holder = 'release/local/shop/deployment/checkout|run-1';

/** v1 → v2 in place. */
const running = (change: Partial<RunningRelease> = {}): RunningRelease => ({
  holder,
  change: { from: { app: image('v1') }, to: { app: image('v2') }, version: 'v2', fromVersion: 'v1' },
  ...change,
});

const to = (tag: string, change: Partial<ReleaseSpecInput> = {}) =>
  specOf({ change: { images: { app: image(tag) } }, ...change });

const changed = (given: ObservedPod, tag = 'v2'): ObservedPod => ({
  ...given,
  images: { ...given.images, app: image(tag) },
  changedBy: holder,
});

describe('a plan in the place of a running release', () => {
  it('has every pod that is not on the new version exactly once, gray first, and touches no other', () => {
    const mixed = anyPods.chain((pods) =>
      fc.tuple(fc.constant(pods), fc.array(fc.constantFrom('v1', 'v2', 'v3'), { minLength: pods.length })),
    );
    fc.assert(
      fc.property(mixed, anyStrategy, ([pods, tags], strategy) => {
        const there = pods.map((one, at) =>
          tags[at] === 'v1' ? { ...one, images: { app: image('v1') } } : changed(one, tags[at]),
        );
        const plan = planRelease(to('v3', { strategy }), observe(there, { supersedes: running() }));
        const due = there.filter(({ images }) => images['app'] !== image('v3')).map(({ uid }) => uid);
        expect(plan.batches.flatMap((batch) => batch.pods.map(({ uid }) => uid)).toSorted()).toEqual(due.toSorted());
        expect(plan.batches.map(({ name }) => name === 'gray')).toEqual(plan.batches.map((_, at) => at === 0));
        // Back is back to what was there before both.
        expect(plan.change).toMatchObject({ from: { app: image('v1') }, to: { app: image('v3') }, fromVersion: 'v1' });
        expect(plan.batches.flatMap((batch) => batch.pods.filter(({ from }) => from !== undefined))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('takes pods back to the images of their own that they had before the running release', () => {
    const [own, other] = [changed(pod('p1', 'a')), changed(pod('p2', 'a'))];
    const origins = { [own.uid]: { app: image('v0') } };
    const plan = planRelease(to('v3'), observe([own, other, pod('p3', 'a')], { supersedes: running({ origins }) }));
    const froms = plan.batches.flatMap((batch) => batch.pods.map(({ name, from }) => [name, from?.['app']]));
    expect(Object.fromEntries(froms)).toEqual({ p1: image('v0'), p2: undefined, p3: undefined });
  });

  it('gives containers that only the running release changes their images of before', () => {
    const pods = podsOf(3).map((one) => ({ ...changed(one), images: { app: image('v2'), proxy: 'proxy:1' } }));
    const plan = planRelease(
      specOf({ change: { images: { proxy: 'proxy:2' } } }),
      observe(pods, { templateImages: { app: image('v1'), proxy: 'proxy:1' }, supersedes: running() }),
    );
    expect(plan.change).toMatchObject({
      from: { app: image('v1'), proxy: 'proxy:1' },
      to: { app: image('v1'), proxy: 'proxy:2' },
      version: '2',
    });
  });

  it('says that the other release ends, and how many pods it has changed', () => {
    const [first, ...rest] = podsOf(4);
    const plan = planRelease(to('v3'), observe([changed(first ?? pod('x', 'a')), ...rest], { supersedes: running() }));
    const { message = '' } = plan.warnings.find(({ code }) => code === 'SUPERSEDES') ?? {};
    expect(message).toContain('the 1 pod that it has changed by now goes to the newer version too');
    expect(message).toContain('back to v1');
  });

  const refusals: readonly [string, ReturnType<typeof to>, RunningRelease, string, string][] = [
    ['the same version again', to('v2'), running(), 'brings v2 already', 'sluice change'],
    ['the version before', to('v1'), running(), 'That is v1', 'sluice rollback'],
    [
      'the same version, of which only one has a digest',
      to(`v2@sha256:${'a'.repeat(64)}`),
      running(),
      'brings v2 already',
      'sluice change',
    ],
    [
      'pods that would be made anew',
      to('v3', { strategy: { mode: 'Recreate' } }),
      running(),
      'this one would not (Recreate)',
      'Change only images',
    ],
    [
      'another way out of traffic',
      to('v3'),
      running({ through: [{ service: 'other' }] }),
      'takes pods out through service other',
      'the same traffic.through',
    ],
  ];
  it('refuses what only the templates show: pods would have to be made anew', () => {
    const preview = { from: 'f', source: { patch: {} }, images: { app: image('v3') }, differs: ['spec.x'] };
    const seen = observe([changed(pod('p1', 'a'))], { supersedes: running(), preview });
    expect(() => planRelease(to('v3'), seen)).toThrow(
      expect.objectContaining({ code: 'REFUSED', message: expect.stringContaining('this one would not (Recreate)') }),
    );
  });

  it.each(refusals)('refuses %s, and says what to do', (_, spec, superseded, text, next) => {
    const pods = [changed(pod('p1', 'a')), pod('p2', 'a')];
    const plan = () => {
      requireSameWay(spec, superseded);
      planRelease(spec, observe(pods, { supersedes: superseded }));
    };
    expect(plan).toThrow(
      expect.objectContaining({
        code: 'REFUSED',
        message: expect.stringContaining(text),
        next: expect.stringContaining(next),
      }),
    );
  });
});

describe('a plan after a running release has gone back', () => {
  const hotSwap = { containers: ['app', 'app-2'], image: image('v2'), emptyImage: 'empty:1' } as const;

  it('is for releases from which nothing can go on: a canary, blue/green, a hot swap', () => {
    const { change } = planRelease(to('v2'), observe(podsOf(2)));
    expect(goesBackFirst({ change })).toBe(false);
    expect(goesBackFirst({ change: { ...change, hotSwap } })).toBe(true);
    expect(goesBackFirst({ change, canary: { services: ['checkout'], steps: [] } })).toBe(true);
    expect(goesBackFirst({ change, blueGreen: { services: ['checkout'], keepOldMs: 0 } })).toBe(true);
  });

  it('says first what becomes of everyone, and is refused for the version that runs', () => {
    const plan = planRelease(to('v3'), observe(podsOf(2)));
    expect(afterGoingBack(() => plan, running()).warnings[0]).toMatchObject({
      code: 'SUPERSEDES',
      message: expect.stringContaining('goes back to v1 first'),
    });
    const same = planRelease(to('v2'), observe(podsOf(2)));
    expect(() => afterGoingBack(() => same, running({ change: same.change }))).toThrow('brings v2 already');
    const before = () => planRelease(to('v1'), observe(podsOf(2)));
    expect(() => afterGoingBack(before, running())).toThrow('That is v1, from which the release of v2 began');
    const swapped = { ...same.change, hotSwap };
    expect(() => afterGoingBack(() => same, running({ change: swapped }))).not.toThrow();
  });
});
