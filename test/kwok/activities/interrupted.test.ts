import { describe, expect, it } from 'vitest';
import { pods } from '../../../activities/kubernetes/resources.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { ClusterActivities } from '../../../workflows/contract/activities.ts';
import { dyingAfter } from './dying.ts';
import {
  type App,
  activitiesOf,
  attempt,
  deploy,
  eventually,
  ground,
  handful,
  identities,
  v1,
  v2,
} from './fixtures.ts';

const { world, sluice } = await ground();

async function upgraded(name: string): Promise<{ readonly app: App; readonly held: HeldRequest }> {
  const app = await deploy(world, { name, replicas: 2, annotations: { 'kubernetes.io/change-cause': 'first' } });
  const held = { target: app.target, uid: (await app.deployment()).metadata.uid, holder: `release/${name}|run` };
  await attempt(sluice, 'acquire', { ...held, from: v1 });
  await bring(app, held, v2);
  return { app, held };
}

async function bring(app: App, held: HeldRequest, images: typeof v1): Promise<void> {
  const request = handful(app.target, held.uid, held.holder, await app.pods(), images);
  await attempt(sluice, 'patch', request);
  let open = request.pods;
  while (open.length > 0) {
    const { later, failed } = await attempt(sluice, 'wait', { ...request, pods: open });
    expect(failed).toEqual([]);
    open = open.filter(({ name }) => later.includes(name));
  }
}

/** Runs an activity in a worker that dies after `count` writes; whether it did. */
async function interrupted<K extends 'commit' | 'uncommit' | 'release'>(
  count: number,
  name: K,
  input: Parameters<ClusterActivities[K]>[0],
): Promise<boolean> {
  const kube = dyingAfter(world.kube, count);
  const mortal = activitiesOf(kube);
  try {
    await attempt(mortal, name, input);
  } catch (error) {
    if (!kube.died()) throw error;
  } finally {
    mortal.close();
  }
  return kube.died();
}

/** One pod dies; its successor is there and ready. */
async function killOne(app: App): Promise<void> {
  const [victim] = await app.pods();
  if (!victim) throw new Error('no pods');
  await world.kube.remove(pods, { namespace: world.namespace, name: victim.metadata.name });
  await eventually(async () => {
    const list = await app.pods();
    const ready = list.filter((pod) =>
      pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    );
    return ready.length === 2 && !list.some(({ metadata }) => metadata.uid === victim.metadata.uid);
  });
}

const request = (held: HeldRequest) => ({ ...held, from: v1, to: v2, cause: 'c' });

describe('killed after each write', () => {
  it('the commit goes on, and no pod is recreated', async () => {
    let whole = 0;
    for (let count = 1; whole === 0; count += 1) {
      const { app, held } = await upgraded(`commit-${count}`);
      const before = identities(await app.pods());
      const died = await interrupted(count, 'commit', request(held));
      await attempt(sluice, 'commit', request(held));
      const dead = await interrupted(count, 'release', { ...held, keeps: v1 });
      await attempt(sluice, 'release', { ...held, keeps: v1 });
      await app.settled();
      await eventually(async () => (await app.history())[1]?.startsWith('2:'));
      expect(await app.history()).toEqual(['1: registry.test/shop:v1 (first)', '2: registry.test/shop:v2 (c)']);
      expect(identities(await app.pods())).toEqual(before);
      expect(JSON.stringify((await app.deployment()).metadata.annotations)).not.toContain('sluice.dev/');
      if (!died && !dead) whole = count;
    }
    // The commit: Deployment, live ReplicaSet. The release: history entry, Deployment, marks: a fourth would be one too many.
    expect(whole).toBe(4);
  });

  it('a half commit is undone, also by an undo that is killed itself', async () => {
    for (let count = 1; count <= 3; count += 1) {
      const { app, held } = await upgraded(`half-${count}`);
      const before = identities(await app.pods());
      const died = await interrupted(count, 'commit', request(held));
      // The release was begun: the history entry is there.
      if (!died) await interrupted(1, 'release', { ...held, keeps: v1 });
      for (let kill = 1; kill <= 3; kill += 1) {
        await interrupted(kill, 'uncommit', request(held));
      }
      await attempt(sluice, 'uncommit', request(held));
      await bring(app, held, v1);
      await attempt(sluice, 'release', held);
      const settled = await app.settled();
      expect(settled.metadata.annotations?.['kubernetes.io/change-cause']).toBe('first');
      expect(await app.history()).toEqual(['1: registry.test/shop:v1 (first)']);
      expect(identities(await app.pods())).toEqual(before);
    }
  });

  it('a pod that dies between the writes ends on the new version', async () => {
    for (let count = 1; count <= 2; count += 1) {
      const { app, held } = await upgraded(`dies-${count}`);
      await interrupted(count, 'commit', request(held));
      await killOne(app);
      await attempt(sluice, 'commit', request(held));
      await attempt(sluice, 'release', { ...held, keeps: v1 });
      await app.settled();
      const images = (await app.pods()).map(({ spec }) => spec.containers[0]?.image);
      expect(images).toEqual([v2.app, v2.app]);
    }
  });
});
