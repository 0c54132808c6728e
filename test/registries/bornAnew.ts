import { describe, expect, it } from 'vitest';
import { pods } from '../../activities/kubernetes/resources.ts';
import type { PodRef } from '../../workflows/contract/plan.ts';
import { eventually, type World } from '../kwok/activities/fixtures.ts';
import { type Release, refs, releaseOf } from '../kwok/traffic/support.ts';
import type { Registered, Shop } from './conformance.ts';

interface Ground {
  readonly world: World;
  shop(this: void, options: { readonly replicas: number; readonly more: object }): Promise<Shop>;
  trails(one: Shop): Promise<number>;
  isCalled(one: Registered): Promise<boolean>;
}

/** The pod of a StatefulSet, or one that gets the address of the one before it: it registers under the same id. */
export function bornAnew(ground: () => Ground): void {
  /** One pod, out of traffic, deleted; and the one that was born in its place, whose application has registered as the one before. */
  async function replaced(
    after: 'it took itself off' | 'it was killed',
  ): Promise<{ one: Shop; release: Release; born: PodRef }> {
    const { world, shop } = ground();
    // It is the only one: found whatever address it has.
    const one = await shop({ replicas: 1, more: { instance: { metadata: { zone: 'a' } } } });
    const [old] = one.pods;
    const release = await releaseOf(world, one.app, one.through);
    await release.prepare(one.pods);
    await release.out(one.pods);
    if (after === 'it took itself off') await one.users[0]?.leave();
    await world.kube.remove(pods, { namespace: world.namespace, name: old?.name ?? '' });
    const born = await eventually(async () => (await refs(one.app)).find(({ uid }) => uid !== old?.uid));
    release.became(old ?? born, born);
    return { one, release, born };
  }

  const restored = async (release: Release, born: PodRef): Promise<void> =>
    void (await eventually(async () => (await release.stage('restore', [born])).done.length === 1));

  describe('a pod that is made anew and registers under the id of the one before it', () => {
    it.each(['it took itself off', 'it was killed'] as const)('is called in the end, where %s', async (after) => {
      const { one, release, born } = await replaced(after);
      await one.users[0]?.again();
      await restored(release, born);
      expect(await ground().isCalled(one.registered[0] as Registered)).toBe(true);
      expect(await ground().trails(one)).toBe(0);
    });

    it('is not called before its checks', async () => {
      const { one, release, born } = await replaced('it took itself off');
      // At its birth.
      expect(await release.stage('drain', [born])).toMatchObject({ done: [born.name] });
      await one.users[0]?.again();
      await eventually(async () => (await release.stage('silence', [born])).done.length === 1);
      expect(await ground().isCalled(one.registered[0] as Registered)).toBe(false);
      await restored(release, born);
      expect(await ground().isCalled(one.registered[0] as Registered)).toBe(true);
      expect(await ground().trails(one)).toBe(0);
    });
  });
}
