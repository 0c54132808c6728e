import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, deploy, type World } from '../activities/fixtures.ts';
import { refs, releaseOf, serve } from './support.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('silence on a node that has no kubelet', () => {
  it('cannot be proven: the pods wait for the quiet time, once, and people are told', async () => {
    const app = await deploy(world, { name: 'played', replicas: 20 });
    await serve(world, app, 'played');
    const release = await releaseOf(world, app, [{ service: 'played' }]);
    const pods = await refs(app);
    const before = world.kube.requests['list nodes'] ?? 0;
    const since = new Date();
    const answer = await release.stage('silence', pods, {
      since: since.toISOString(),
      traffic: { quietMs: 1_000, maxDrainMs: 60_000 },
    });
    const tookMs = Date.now() - since.getTime();
    expect(answer).toMatchObject({ failed: [], later: [], gone: [] });
    expect(answer.done).toHaveLength(pods.length);
    expect(answer.notes).toHaveLength(pods.length);
    expect(answer.notes?.[0]?.text).toMatch(/^Silence could not be proven: its node has no kubelet to look through\. /);
    expect(tookMs).toBeGreaterThanOrEqual(1_000);
    // Asked once for each node (16 at the same time at most), not once a second for each pod.
    expect((world.kube.requests['list nodes'] ?? 0) - before).toBeLessThanOrEqual(16);
  });

  it('asks no second time for the pods that come later', async () => {
    const app = await deploy(world, { name: 'later', replicas: 6 });
    const release = await releaseOf(world, app, [{ service: 'played' }]);
    const before = world.kube.requests['list nodes'] ?? 0;
    const since = new Date(Date.now() - 1_000).toISOString();
    const startedMs = Date.now();
    const answer = await release.stage('silence', await refs(app), {
      since,
      traffic: { quietMs: 1_000, maxDrainMs: 60_000 },
    });
    expect(answer.done).toHaveLength(6);
    expect(Date.now() - startedMs).toBeLessThan(30_000);
    expect(world.kube.requests['list nodes'] ?? 0).toBe(before);
  });
});
