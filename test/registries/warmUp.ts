import { describe, expect, it } from 'vitest';
import type { Handful } from '../../workflows/contract/activities/handful.ts';
import type { PodRef } from '../../workflows/contract/plan.ts';
import { eventually, type World } from '../kwok/activities/fixtures.ts';
import { dying, type Release, releaseOf, workerOn } from '../kwok/traffic/support.ts';
import type { Registered, RegistryUnderTest, Shop } from './conformance.ts';

/** What the suite has at hand when a test runs. */
interface At {
  readonly world: World;
  shop(this: void, given?: { readonly replicas?: number }): Promise<Shop>;
  /** All that callers may see of each instance. */
  seen(this: void, shop: Shop): Promise<unknown>;
  /** How many pods have a trail. */
  trails(this: void, shop: Shop): Promise<number>;
  /** As a person would. */
  takeOut(this: void, registered: Registered): Promise<void>;
}

const warmUp = { forMs: 60_000, weights: [10, 50] };

/** Weights in steps, on a registry that has weights. */
export function warmsUp({ of, set, steps: [low, half, own] }: NonNullable<RegistryUnderTest['weights']>, at: () => At) {
  const weights = ({ registered }: Shop) => Promise.all(registered.map((one) => of(one)));
  /** As the pump: again while some are to come again; one that is on its way always is. */
  const until = (release: Release, pods: readonly PodRef[], more: object = {}): Promise<Handful> =>
    eventually(async () => {
      const answer = await release.stage('restore', pods, more).catch(() => undefined);
      return answer !== undefined && answer.later.length === 0 && answer;
    });

  /** Pods of a release that are back with their first share. */
  async function warming(replicas = 2) {
    const { world, shop, seen } = at();
    const one = await shop({ replicas });
    const before = await seen(one);
    const release = await releaseOf(world, one.app, one.through);
    await release.prepare(one.pods);
    expect(await release.out(one.pods)).toMatchObject({ failed: [], later: [] });
    expect(await until(release, one.pods, { warmUp })).toMatchObject({ failed: [] });
    expect(await weights(one)).toEqual(one.pods.map(() => low));
    return { ...one, one, before, release, first: one.pods[0]! };
  }

  describe('weights in steps', () => {
    it('a pod comes back with the first share of its own weight, goes up, and ends exactly as before; its trail stays until then', async () => {
      const { one, before, release, first, pods } = await warming();
      const { seen, trails } = at();
      const writes = () => one.front.writes.length;
      expect(await trails(one)).toBe(2);
      // Again, as after an answer that was lost.
      const written = writes();
      await until(release, pods, { warmUp });
      expect(writes()).toBe(written);

      for (const _ of ['once', 'again'])
        expect(await release.stage('warm', [first], { warmUp, share: 50 })).toMatchObject({
          done: [],
          later: [first.name],
        });
      expect(await weights(one)).toEqual([half, low]);
      expect(await trails(one)).toBe(2);
      for (const _ of ['once', 'again'])
        expect((await release.stage('warm', pods, { warmUp })).done.toSorted()).toEqual(pods.map(({ name }) => name));
      expect(await weights(one)).toEqual([own, own]);
      expect(await seen(one)).toEqual(before);
      expect(await trails(one)).toBe(0);
    });

    it('a rollback in the middle takes it out, and puts it back with all of its weight', async () => {
      const { one, before, release, first } = await warming();
      await release.stage('warm', [first], { warmUp, share: 50 });
      await release.out([first], { undo: true });
      expect(await weights(one)).toEqual([undefined, low]);
      expect(await until(release, one.pods, { undo: true })).toMatchObject({ failed: [] });
      expect(await weights(one)).toEqual([own, own]);
      expect([await at().seen(one), await at().trails(one)]).toEqual([before, 0]);
    });

    it('a release that is gone in the middle, or whose worker died at a write: the next one gives all of it back', async () => {
      const { world, seen, trails } = at();
      for (const when of ['before', 'after'] as const) {
        const { one, before, release, first, pods } = await warming();
        const dead = await releaseOf({ kube: dying(world.kube, 1, when) }, one.app, one.through);
        // At the end of the first one: it has its weight, and its trail is just to go, or has gone.
        await dead.stage('warm', [first], { warmUp }).catch(() => undefined);
        expect(await weights(one)).toEqual([own, low]);
        expect(await trails(one)).toBe(when === 'before' ? 2 : 1);
        await workerOn(world.kube).closeTraffic({ ...release.held, through: one.through });
        expect([await seen(one), await trails(one)]).toEqual([before, 0]);

        // On its way back: before the registry is written to.
        const next = await releaseOf(world, one.app, one.through);
        await next.prepare(pods);
        await next.out(pods);
        const died = await releaseOf({ kube: dying(world.kube, 1, when) }, one.app, one.through);
        await died.stage('restore', [first], { warmUp }).catch(() => undefined);
        expect(await weights(one)).toEqual([undefined, undefined]);
        await workerOn(world.kube).closeTraffic({ ...next.held, through: one.through });
        expect([await seen(one), await trails(one)]).toEqual([before, 0]);
      }
    });

    it('a registry that is away in a step is waited for; a slow one is only slow', async () => {
      const { one, before, release, first } = await warming(1);
      for (const mood of ['down', { status: 503 }] as const) {
        one.front.be(mood);
        // Thrown, so that Temporal tries again until it is back.
        await expect(release.stage('warm', [first], { warmUp, share: 50 })).rejects.toMatchObject({
          type: 'REGISTRY_UNREACHABLE',
          nonRetryable: false,
        });
        expect([await weights(one), await at().trails(one)]).toEqual([[low], 1]);
      }
      one.front.be({ slowMs: 300 });
      await eventually(async () => {
        await release.stage('warm', [first], { warmUp, share: 50 }).catch(() => undefined);
        return (await weights(one))[0] === half;
      });
      one.front.be('well');
      await eventually(async () => (await release.stage('warm', [first], { warmUp })).done.length === 1);
      expect([await at().seen(one), await at().trails(one)]).toEqual([before, 0]);
    });

    it('whoever sets another weight in the middle has the last word', async () => {
      const { one, release, first, registered } = await warming(1);
      await set(registered[0]!, 9);
      const middle = await release.stage('warm', [first], { warmUp, share: 50 });
      const end = await release.stage('warm', [first], { warmUp });
      expect(end).toMatchObject({ done: [first.name], failed: [] });
      const told = [...(middle.notes ?? []), ...(end.notes ?? [])].map(({ text }) => text);
      expect(told).toEqual([expect.stringMatching(/Somebody else has set its weight in .* to 9 /)]);
      expect(await weights(one)).toEqual([9]);
      expect(await at().trails(one)).toBe(0);
      await release.close();
      expect(await weights(one)).toEqual([9]);
    });

    it('whoever takes it out in the middle has it out, and finds its own weight there', async () => {
      const { one, release, first, registered } = await warming(1);
      await at().takeOut(registered[0]!);
      const { notes = [] } = await release.stage('warm', [first], { warmUp, share: 50 });
      expect(notes).toEqual([{ pod: first.name, text: expect.stringContaining('taken it out') }]);
      await release.close();
      expect(await weights(one)).toEqual([undefined]);
      expect(await at().trails(one)).toBe(0);
    });
  });
}
