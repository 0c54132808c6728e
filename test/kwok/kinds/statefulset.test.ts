import { describe, expect, it } from 'vitest';
import { statefulSets } from '../../../activities/kubernetes/resources.ts';
import type { StatefulSet } from '../../../activities/kubernetes/wire.ts';
import { fingerprint } from '../../../workflows/contract/fingerprint.ts';
import { planRelease } from '../../../workflows/contract/planner.ts';
import { validateSpec } from '../../../workflows/contract/validate.schema.ts';
import { attempt, eventually, ground, handful, identities, v1, v2 } from '../activities/fixtures.ts';
import { deployRevised, type RevisedApp, type RevisedOptions, statefulSetKind } from './revised.ts';

const { world, sluice } = await ground({ validateSpec, planRelease });
const deploy = (options: RevisedOptions): Promise<RevisedApp<StatefulSet>> =>
  deployRevised(world, statefulSetKind, options);

async function release(app: RevisedApp): Promise<void> {
  const held = await app.held();
  await attempt(sluice, 'acquire', { ...held, from: v1 });
  const request = handful(app.target, held.uid, held.holder, await app.pods(), v2);
  await attempt(sluice, 'patch', request);
  await eventually(async () => (await attempt(sluice, 'wait', request)).done.length === request.pods.length);
  await attempt(sluice, 'commit', { ...held, from: v1, to: v2, cause: 'c' });
  await attempt(sluice, 'release', { ...held, keeps: v1 });
  await app.settled();
}

const plan = (app: RevisedApp) =>
  attempt(sluice, 'plan', {
    spec: {
      metadata: { name: app.target.name, namespace: world.namespace },
      target: { cluster: 'local', workload: `sts/${app.target.name}` },
      change: { images: v2 },
      strategy: { gray: { pods: 1 }, batches: [2, '100%'] },
      gates: { afterGray: { approval: false } },
    },
  });

describe('a StatefulSet gets back exactly what it had', () => {
  it.each([
    ['parallel', { podManagementPolicy: 'Parallel' }],
    ['by-hand', { updateStrategy: { type: 'OnDelete' } }],
    ['numbered', { ordinals: { start: 5 }, minReadySeconds: 1 }],
    [
      'stored',
      {
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: 'none',
              resources: { requests: { storage: '1Mi' } },
            },
          },
        ],
        replicas: 0,
      },
    ],
  ])('%s', async (name, spec) => {
    const app = await deploy({ name, spec });
    const before = await app.workload();
    const identity = identities(await app.pods());
    await release(app);
    const after = await app.workload();
    expect(after.spec).toEqual({ ...before.spec, template: after.spec.template });
    expect(identities(await app.pods())).toEqual(identity);
    expect(await app.history()).toEqual(['1: registry.test/shop:v1 (first)', '2: registry.test/shop:v2 (c)']);
  });
});

describe('scenario 39', () => {
  it('the highest ordinal goes first, and a plan names the writes of this kind', async () => {
    const app = await deploy({ name: 'order', replicas: 12 });
    const { batches, writes } = await plan(app);
    const names = batches.map(({ pods }) => pods.map(({ name }) => name.replace('order-', '')).join(' '));
    expect(names).toEqual(['11', '10 9', '8 7 6 5 4 3 2 1 0']);
    expect(writes.join('\n')).toContain('Set the update strategy of statefulset/order to OnDelete');
    expect(writes.join('\n')).not.toMatch(/ReplicaSet|resume/);
  });

  it('pods that came in mid-release are found, the highest first', async () => {
    const app = await deploy({ name: 'late', replicas: 2 });
    const held = await app.held();
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    await app.patch({ spec: { replicas: 11 } });
    await eventually(async () => (await app.pods()).length === 11);
    const look = { ...held, images: v2, from: v1, spreadBy: 'zone', expected: fingerprint([]), undo: false };
    const { pods = [], replicas } = await attempt(sluice, 'survey', look);
    expect(replicas).toBe(11);
    const ready = pods.filter((pod) => pod.ready).map(({ name }) => Number(name.replace('late-', '')));
    expect(ready).toEqual(ready.toSorted((a, b) => b - a));
  });

  it('a partition stands: a plan and a release are refused, and say what to do', async () => {
    const app = await deploy({ name: 'parted' });
    await app.patch({ spec: { updateStrategy: { rollingUpdate: { partition: 2 } } } });
    const refusal = {
      type: 'WORKLOAD_UNFIT',
      message: expect.stringContaining('partition 2: its first 2 pods keep their version'),
    };
    await expect(plan(app)).rejects.toMatchObject(refusal);
    await expect(attempt(sluice, 'acquire', { ...(await app.held()), from: v1 })).rejects.toMatchObject(refusal);
    expect((await app.workload()).spec.updateStrategy?.rollingUpdate?.partition).toBe(2);
  });
});

describe('is refused', () => {
  it('while a native rolling update is under way, by the names of the pods that are behind', async () => {
    const app = await deploy({ name: 'rolls' });
    await app.patch({
      spec: { template: { metadata: { annotations: { 'sluice.dev/kwok-ready-delay': '3600' } } } },
    });
    await app.patch({ spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null } } });
    const held = await app.held();
    await eventually(async () => {
      const { status, metadata } = await app.workload();
      return status?.observedGeneration === metadata.generation && status?.updateRevision !== status?.currentRevision;
    });
    await expect(attempt(sluice, 'acquire', { ...held, from: v1 })).rejects.toMatchObject({
      type: 'WORKLOAD_BUSY',
      message: expect.stringMatching(
        /A native rollout of statefulset\/rolls is not finished: rolls-0, .* older revision/,
      ),
    });
    await expect(plan(app)).rejects.toMatchObject({ type: 'WORKLOAD_BUSY' });
    await app.patch({ spec: { updateStrategy: { type: 'RollingUpdate' } } });
    await expect(attempt(sluice, 'acquire', { ...held, from: v1 })).rejects.toMatchObject({ type: 'WORKLOAD_BUSY' });
  });

  it('while another release holds it', async () => {
    const app = await deploy({ name: 'busy', replicas: 1 });
    await attempt(sluice, 'acquire', { ...(await app.held()), from: v1 });
    await attempt(sluice, 'acquire', { ...(await app.held()), from: v1 });
    await expect(
      attempt(sluice, 'acquire', { ...(await app.held('release/other|run')), from: v1 }),
    ).rejects.toMatchObject({ type: 'WORKLOAD_BUSY' });
  });

  it('when it is not there, with the names that there are', async () => {
    const there = await deploy({ name: 'there', replicas: 1 });
    const held = { ...(await there.held()), target: { ...there.target, name: 'nowhere' }, from: v1 };
    await expect(attempt(sluice, 'acquire', held)).rejects.toMatchObject({
      type: 'WORKLOAD_NOT_FOUND',
      message: expect.stringMatching(/has no statefulset\/nowhere; there is .*there/),
    });
  });

  it('when somebody lets its controller move pods in mid-release', async () => {
    const app = await deploy({ name: 'freed', replicas: 1 });
    const held = await app.held();
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    await world.kube.patch(
      statefulSets,
      app.target,
      { spec: { updateStrategy: { type: 'RollingUpdate' } } },
      { as: 'merge' },
    );
    const look = { ...held, images: v2, from: v1, spreadBy: 'zone', expected: fingerprint([]), undo: false };
    await expect(attempt(sluice, 'survey', look)).rejects.toMatchObject({
      type: 'WORKLOAD_CHANGED',
      message: expect.stringContaining('update strategy of statefulset/freed to RollingUpdate'),
    });
    await attempt(sluice, 'takeOver', held);
    expect(await attempt(sluice, 'survey', look)).toMatchObject({ replicas: 1 });
    // The hold is taken away altogether: the trail is made anew from what the pods are.
    await world.kube.patch(
      statefulSets,
      app.target,
      {
        metadata: { annotations: { 'sluice.dev/release': null, 'sluice.dev/before': null } },
        spec: { updateStrategy: { type: 'RollingUpdate' } },
      },
      { as: 'merge' },
    );
    await expect(attempt(sluice, 'survey', look)).rejects.toMatchObject({ type: 'WORKLOAD_CHANGED' });
    await attempt(sluice, 'takeOver', held);
    await attempt(sluice, 'release', held);
    await app.settled();
    expect((await app.workload()).spec.updateStrategy?.type).toBe('RollingUpdate');
  });
});
