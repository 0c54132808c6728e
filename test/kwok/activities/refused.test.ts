import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { deployments, pods, replicaSets } from '../../../activities/kubernetes/resources.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { marks } from '../../../workflows/contract/names.ts';
import { deny } from './admission.ts';
import { type App, activitiesOf, attempt, deploy, eventually, ground, handful, v1, v2 } from './fixtures.ts';

const { world, sluice } = await ground();

const heldBy = async (app: App, holder: string): Promise<HeldRequest> => ({
  target: app.target,
  uid: (await app.deployment()).metadata.uid,
  holder,
});

const setImage = (app: App, image: string) =>
  world.kube.patch(
    deployments,
    app.target,
    { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } },
    { as: 'strategic' },
  );

describe('acquire refuses', () => {
  it('a workload that another release holds, and says how to free it; the first may ask again', async () => {
    const app = await deploy(world, { name: 'two' });
    const first = await heldBy(app, 'release/first|run');
    await attempt(sluice, 'acquire', { ...first, from: v1 });
    const second = { ...(await heldBy(app, 'release/second|run')), from: v1 };
    await expect(attempt(sluice, 'acquire', second)).rejects.toMatchObject({
      type: 'WORKLOAD_BUSY',
      nonRetryable: true,
      message: expect.stringContaining('release/first'),
    });
    expect(await attempt(sluice, 'acquire', { ...first, from: v1 })).toEqual({ before: { paused: false } });
    // The refused one compensates: that must not free it.
    await attempt(sluice, 'release', second);
    expect((await app.deployment()).metadata.annotations?.[marks.release]).toBe('release/first|run');
  });

  it('two holders at once: exactly one gets it', async () => {
    const app = await deploy(world, { name: 'race' });
    const holders = await Promise.all(['a', 'b', 'c', 'd'].map((name) => heldBy(app, `release/${name}|run`)));
    const results = await Promise.allSettled(holders.map((held) => attempt(sluice, 'acquire', { ...held, from: v1 })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('a native rollout under way', async () => {
    const app = await deploy(world, { name: 'rolling', podAnnotations: { 'sluice.dev/kwok-ready-delay': '100' } });
    await setImage(app, 'registry.test/shop:notready');
    await eventually(async () => (await app.sets()).length === 2);
    const held = await heldBy(app, 'release/x|run');
    await expect(
      attempt(sluice, 'acquire', { ...held, from: { app: 'registry.test/shop:notready' } }),
    ).rejects.toMatchObject({ type: 'WORKLOAD_BUSY', message: expect.stringContaining('still has pods') });
  });

  it('a template that is not the planned one, and a Deployment that was made anew', async () => {
    const app = await deploy(world, { name: 'other' });
    const held = await heldBy(app, 'release/x|run');
    await expect(attempt(sluice, 'acquire', { ...held, from: { app: 'registry.test/shop:v0' } })).rejects.toMatchObject(
      {
        type: 'WORKLOAD_CHANGED',
        message: expect.stringContaining('v0'),
      },
    );
    await expect(attempt(sluice, 'acquire', { ...held, uid: 'another', from: v1 })).rejects.toMatchObject({
      type: 'WORKLOAD_CHANGED',
    });
  });

  it('a workload that is not there, and lists what is', async () => {
    await deploy(world, { name: 'there', replicas: 0 });
    const target = { cluster: 'local', namespace: world.namespace, kind: 'deployment', name: 'absent' };
    const request = { target, uid: 'x', holder: 'h', from: v1 };
    await expect(attempt(sluice, 'acquire', request)).rejects.toMatchObject({
      type: 'WORKLOAD_NOT_FOUND',
      message: expect.stringMatching(/there is .*there/),
    });
    await expect(
      attempt(sluice, 'acquire', { ...request, target: { ...target, namespace: 'no-such' } }),
    ).rejects.toMatchObject({ type: 'NAMESPACE_NOT_FOUND', message: expect.stringContaining(world.namespace) });
    await expect(
      attempt(sluice, 'acquire', { ...request, target: { ...target, kind: 'cronjob' } }),
    ).rejects.toMatchObject({ type: 'WORKLOAD_UNFIT', message: expect.stringContaining('deployment') });
  });
});

describe('somebody changes the template in mid-release', () => {
  it('the commit and the release stop, and the Deployment stays paused', async () => {
    const app = await deploy(world, { name: 'foreign' });
    const held = await heldBy(app, 'release/x|run');
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    await world.kube.patch(
      deployments,
      app.target,
      { spec: { template: { metadata: { labels: { team: 'red' } } } } },
      { as: 'strategic' },
    );
    const request = { ...held, from: v1, to: v2, cause: 'c' };
    await expect(attempt(sluice, 'commit', request)).rejects.toMatchObject({
      type: 'WORKLOAD_CHANGED',
      message: expect.stringContaining('metadata.labels.team: "red" instead of nothing'),
    });
    await expect(attempt(sluice, 'release', held)).rejects.toMatchObject({ type: 'WORKLOAD_CHANGED' });
    expect((await app.deployment()).spec.paused).toBe(true);
    expect(await app.sets()).toHaveLength(1);
  });

  it('another image in the template stops the commit before anything is written', async () => {
    const app = await deploy(world, { name: 'image' });
    const held = await heldBy(app, 'release/x|run');
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    await setImage(app, 'registry.test/shop:v9');
    await expect(attempt(sluice, 'commit', { ...held, from: v1, to: v2, cause: 'c' })).rejects.toMatchObject({
      type: 'WORKLOAD_CHANGED',
      message: expect.stringContaining('v9'),
    });
    expect(await app.sets()).toHaveLength(1);
  });

  it('a Deployment that was deleted has nothing to give back', async () => {
    const app = await deploy(world, { name: 'deleted', replicas: 1 });
    const held = await heldBy(app, 'release/x|run');
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    await world.kube.remove(deployments, app.target);
    await attempt(sluice, 'uncommit', { ...held, from: v1, to: v2, cause: '' });
    await attempt(sluice, 'release', held);
    await expect(attempt(sluice, 'commit', { ...held, from: v1, to: v2, cause: 'c' })).rejects.toMatchObject({
      type: 'WORKLOAD_NOT_FOUND',
      message: expect.stringContaining('deleted'),
    });
  });
});

describe('writes by others at the same time', () => {
  it('a concurrent writer loses no label, and neither do we (scenario 37)', async () => {
    const app = await deploy(world, { name: 'conflict', replicas: 6 });
    const held = await heldBy(app, 'release/x|run');
    const list = await app.pods();
    const quiet = new AbortController();
    let count = 0;
    const noise = (async () => {
      while (!quiet.signal.aborted) {
        count += 1;
        await Promise.all(
          list.map(({ metadata: { name } }) =>
            world.kube.patch(
              pods,
              { namespace: world.namespace, name },
              { metadata: { labels: { [`noise-${count}`]: 'yes' } } },
              { as: 'merge' },
            ),
          ),
        );
      }
    })();
    await attempt(sluice, 'patch', handful(app.target, held.uid, held.holder, list, v2));
    quiet.abort();
    await noise;
    for (const pod of await app.pods()) {
      expect(pod.spec.containers[0]?.image).toBe(v2.app);
      expect(pod.metadata.labels?.[marks.podBatch]).toBe('gray');
      expect(pod.metadata.annotations?.[marks.release]).toBe(held.holder);
      for (let n = 1; n <= count; n += 1) expect(pod.metadata.labels).toHaveProperty(`noise-${n}`);
    }
  });

  it('the Deployment is scaled while it is committed', async () => {
    const app = await deploy(world, { name: 'scaled', replicas: 2 });
    const held = await heldBy(app, 'release/x|run');
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    await attempt(sluice, 'patch', handful(app.target, held.uid, held.holder, await app.pods(), v2));
    const quiet = new AbortController();
    const noise = (async () => {
      for (let count = 0; !quiet.signal.aborted; count += 1) {
        const body = { metadata: { annotations: { noise: String(count) } } };
        await world.kube.patch(deployments, app.target, body, { as: 'merge' });
        for (const { metadata } of await app.sets()) {
          await world.kube.patch(replicaSets, { namespace: world.namespace, name: metadata.name }, body, {
            as: 'merge',
          });
        }
        // Without a breath nobody else ever gets between two writes; in a release Temporal would try again.
        await sleep(50);
      }
    })();
    await world.kube.patch(deployments, app.target, { spec: { replicas: 5 } }, { as: 'merge' });
    await attempt(sluice, 'commit', { ...held, from: v1, to: v2, cause: 'c' });
    await attempt(sluice, 'release', held);
    quiet.abort();
    await noise;
    await app.settled();
    expect((await app.pods()).map(({ spec }) => spec.containers[0]?.image)).toEqual(Array(5).fill(v2.app));
  });

  it('a pod that was born again under its name is gone, and is not patched', async () => {
    const app = await deploy(world, { name: 'reborn', replicas: 1 });
    const held = await heldBy(app, 'release/x|run');
    const [pod] = await app.pods();
    if (!pod) throw new Error('no pod');
    const stale = { ...pod, metadata: { ...pod.metadata, uid: '00000000-0000-0000-0000-000000000000' } };
    const answer = await attempt(sluice, 'patch', handful(app.target, held.uid, held.holder, [stale], v2));
    expect(answer).toEqual({ done: [], failed: [], later: [], gone: [pod.metadata.name] });
    expect((await app.pods())[0]?.spec.containers[0]?.image).toBe(v1.app);
  });
});

describe('admission', () => {
  it('scenario 34: refuses one pod of a handful: only that one fails, with the reason of the server, and never left traffic', async () => {
    const app = await deploy(world, { name: 'admission', replicas: 3 });
    const held = await heldBy(app, 'release/x|run');
    const list = await app.pods();
    const refusedPod = list[1]?.metadata.name ?? '';
    const allowed = `object.metadata.name != '${refusedPod}' || object.spec.containers.all(c, c.image != '${v2['app']}')`;
    const denial = await deny(world, pods, allowed, 'v2 has not been scanned');
    try {
      const request = handful(app.target, held.uid, held.holder, list, v2);
      // A policy takes a moment to be in force; each try is a dry run on the pod that it is about.
      await eventually(async () => {
        const drained: string[] = [];
        const withTraffic = activitiesOf(world.kube, {
          createTraffic: () => ({
            access: [],
            inspect: async () => [],
            open: async () => undefined,
            close: async () => undefined,
            snapshot: async () => new Map(),
            stands: async () => new Map(),
            drain: async (pumped) => {
              drained.push(...pumped.map((pod) => pod.name));
              return { done: pumped.map((pod) => pod.name), failed: [], later: [], gone: [] };
            },
            restore: async () => ({ done: [], failed: [], later: [], gone: [] }),
            warm: async () => ({ done: [], failed: [], later: [], gone: [] }),
            silence: async () => ({ done: [], failed: [], later: [], gone: [] }),
          }),
        });
        const answer = await attempt(withTraffic, 'drain', request);
        withTraffic.close();
        if (answer.failed.length === 0) return false;
        expect(answer.failed).toEqual([
          { pod: refusedPod, code: 'PATCH_REFUSED', reason: expect.stringContaining('v2 has not been scanned') },
        ]);
        // It never left traffic; the others did.
        expect(drained).not.toContain(refusedPod);
        expect(drained).toHaveLength(2);
        return true;
      });
      const patched = await attempt(sluice, 'patch', request);
      expect(patched.done).toHaveLength(2);
      expect(patched.failed).toMatchObject([{ pod: refusedPod, code: 'PATCH_REFUSED' }]);
    } finally {
      await denial.lift();
    }
  });
});
