import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PodNote } from '../../../workflows/contract/activities/handful.ts';
import type { PodRef } from '../../../workflows/contract/plan.ts';
import { createWorld, deploy, type World } from '../activities/fixtures.ts';
import { type Release, refs, releaseOf } from './support.ts';

let world: World;

/** As the pump does: those that are not silent yet are handed over again. */
async function untilSilent(release: Release, pods: readonly PodRef[], since: Date): Promise<readonly PodNote[]> {
  const notes: PodNote[] = [];
  let open = pods;
  while (open.length > 0) {
    const answer = await release.stage('silence', open, {
      since: since.toISOString(),
      traffic: { quietMs: 1_000, maxDrainMs: 60_000 },
    });
    expect(answer).toMatchObject({ failed: [], gone: [] });
    notes.push(...(answer.notes ?? []));
    open = open.filter(({ name }) => answer.later.includes(name));
  }
  return notes;
}

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('silence on a node that has no kubelet', () => {
  it('cannot be proven: the pods wait for the quiet time, once, and people are told', async () => {
    const app = await deploy(world, { name: 'played', replicas: 20 });
    const release = await releaseOf(world, app, []);
    const pods = await refs(app);
    const before = world.kube.requests['list nodes'] ?? 0;
    const since = new Date();
    const notes = await untilSilent(release, pods, since);
    const tookMs = Date.now() - since.getTime();
    expect(notes).toHaveLength(pods.length);
    expect(notes[0]?.text).toMatch(/^Silence could not be proven: its node has no kubelet to look through\. /);
    expect(tookMs).toBeGreaterThanOrEqual(1_000);
    // Asked once for each node (16 at the same time at most), not once a second for each pod.
    expect((world.kube.requests['list nodes'] ?? 0) - before).toBeLessThanOrEqual(16);
  });

  it('asks no second time for the pods that come later', async () => {
    const app = await deploy(world, { name: 'later', replicas: 6 });
    const release = await releaseOf(world, app, []);
    const before = world.kube.requests['list nodes'] ?? 0;
    await untilSilent(release, await refs(app), new Date(Date.now() - 1_000));
    expect(world.kube.requests['list nodes'] ?? 0).toBe(before);
  });
});
