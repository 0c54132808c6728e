import { describe, expect, it } from 'vitest';
import { deployments, replicaSets } from '../../../activities/kubernetes/resources.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { fingerprint } from '../../../workflows/contract/fingerprint.ts';
import { marks } from '../../../workflows/contract/names.ts';
import { type App, attempt, deploy, eventually, ground, handful, identities, v1, v2 } from './fixtures.ts';

const { world, sluice } = await ground();

const heldBy = async (app: App, holder = 'release/a|run-1'): Promise<HeldRequest> => ({
  target: app.target,
  uid: (await app.deployment()).metadata.uid,
  holder,
});

/** All pods to `images`, until ready on them. */
async function upgradeAll(app: App, held: HeldRequest, images: typeof v1): Promise<void> {
  const request = handful(app.target, held.uid, held.holder, await app.pods(), images);
  const patched = await attempt(sluice, 'patch', request);
  expect(patched).toMatchObject({ failed: [], later: [], gone: [] });
  await untilDone(request);
}

async function untilDone(request: ReturnType<typeof handful>): Promise<void> {
  let open = request.pods;
  while (open.length > 0) {
    const waited = await attempt(sluice, 'wait', { ...request, pods: open });
    expect(waited.failed).toEqual([]);
    expect(waited.gone).toEqual([]);
    open = open.filter(({ name }) => waited.later.includes(name));
  }
}

/** Nothing of ours in Deployment and ReplicaSets. */
async function clean(app: App): Promise<void> {
  const text = JSON.stringify([await app.deployment(), await app.sets()].flat(), (key, value: unknown) =>
    key === 'managedFields' ? undefined : value,
  );
  expect(text).not.toContain('sluice.dev/');
}

describe('a whole release', () => {
  it('changes every pod in place and leaves native status, history and nothing of its own', async () => {
    const app = await deploy(world, {
      name: 'whole',
      replicas: 4,
      annotations: { 'kubernetes.io/change-cause': 'first' },
    });
    const before = await app.pods();
    const held = await heldBy(app);
    expect(await attempt(sluice, 'acquire', { ...held, from: v1 })).toEqual({ before: { paused: false } });
    expect((await app.deployment()).spec.paused).toBe(true);

    await upgradeAll(app, held, v2);
    const request = { ...held, from: v1, to: v2, cause: 'v1 → v2' };
    const look = { ...held, images: v2, from: v1, spreadBy: 'zone', expected: fingerprint([]), undo: false };
    expect(await attempt(sluice, 'survey', look)).toEqual({ replicas: 4 });
    await attempt(sluice, 'commit', request);
    await attempt(sluice, 'release', { ...held, keeps: v1 });

    const settled = await app.settled();
    expect(settled.spec.paused ?? false).toBe(false);
    expect(settled.spec.template.spec?.containers[0]?.image).toBe(v2.app);
    const after = await app.pods();
    expect(identities(after)).toEqual(identities(before));
    expect(after.map((pod) => pod.status?.containerStatuses?.[0]?.restartCount)).toEqual([1, 1, 1, 1]);
    await eventually(async () => (await app.history()).length === 2 && (await app.history())[1]?.startsWith('2:'));
    expect(await app.history()).toEqual(['1: registry.test/shop:v1 (first)', '2: registry.test/shop:v2 (v1 → v2)']);
    await clean(app);
    expect(after.map(({ metadata }) => metadata.labels?.[marks.podBatch])).toEqual(Array(4).fill('gray'));

    // A second run of each step finds its work done.
    await attempt(sluice, 'release', { ...held, keeps: v1 });
    expect(identities(await app.pods())).toEqual(identities(before));

    // v3: revisions go on 1, 2, 3.
    const v3 = { app: 'registry.test/shop:v3' };
    const next = await heldBy(app, 'release/a|run-2');
    await attempt(sluice, 'acquire', { ...next, from: v2 });
    await upgradeAll(app, next, v3);
    await attempt(sluice, 'commit', { ...next, from: v2, to: v3, cause: 'v2 → v3' });
    await attempt(sluice, 'release', { ...next, keeps: v2 });
    await app.settled();
    await eventually(async () => (await app.history())[2]?.startsWith('3:'));
    expect(await app.history()).toEqual([
      '1: registry.test/shop:v1 (first)',
      '2: registry.test/shop:v2 (v1 → v2)',
      '3: registry.test/shop:v3 (v2 → v3)',
    ]);
    expect(identities(await app.pods())).toEqual(identities(before));
  });

  it('goes back to an earlier version without the controller moving the pods to its old ReplicaSet', async () => {
    const app = await deploy(world, { name: 'again' });
    const { namespace, name } = app.target;
    // A native rollout leaves the ReplicaSet of v1 behind, older than the live one.
    await world.kube.patch(
      deployments,
      { namespace, name },
      { spec: { template: { spec: { containers: [{ name: 'app', image: v2.app }] } } } },
      { as: 'strategic' },
    );
    await app.settled();
    const before = await eventually(async () => {
      const list = await app.pods();
      return list.length === 3 && list;
    });
    const held = await heldBy(app);
    await attempt(sluice, 'acquire', { ...held, from: v2 });
    await upgradeAll(app, held, v1);
    await attempt(sluice, 'commit', { ...held, from: v2, to: v1, cause: 'back' });
    await attempt(sluice, 'release', { ...held, keeps: v2 });
    await app.settled();
    await eventually(async () => (await app.history())[1]?.startsWith('3:'));
    expect(await app.history()).toEqual(['2: registry.test/shop:v2', '3: registry.test/shop:v1 (back)']);
    expect(identities(await app.pods())).toEqual(identities(before));
  });

  it('leaves a Deployment paused that was paused before', async () => {
    const app = await deploy(world, { name: 'paused' });
    await world.kube.patch(deployments, app.target, { spec: { paused: true } }, { as: 'merge' });
    const held = await heldBy(app);
    expect(await attempt(sluice, 'acquire', { ...held, from: v1 })).toEqual({ before: { paused: true } });
    await upgradeAll(app, held, v2);
    await attempt(sluice, 'commit', { ...held, from: v1, to: v2, cause: 'c' });
    await attempt(sluice, 'release', { ...held, keeps: v1 });
    expect((await app.deployment()).spec.paused).toBe(true);
    await eventually(async () => {
      await clean(app);
      return true;
    });
  });

  it('keeps within revisionHistoryLimit: 0', async () => {
    const app = await deploy(world, { name: 'limit', spec: { revisionHistoryLimit: 0 } });
    const before = await app.pods();
    const held = await heldBy(app);
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    await upgradeAll(app, held, v2);
    await attempt(sluice, 'commit', { ...held, from: v1, to: v2, cause: 'c' });
    await attempt(sluice, 'release', { ...held, keeps: v1 });
    await app.settled();
    await eventually(async () => (await app.sets()).length === 1);
    expect(identities(await app.pods())).toEqual(identities(before));
  });

  it('can be undone natively: the controller goes back to the history entry', async () => {
    const app = await deploy(world, { name: 'undo' });
    const held = await heldBy(app);
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    await upgradeAll(app, held, v2);
    await attempt(sluice, 'commit', { ...held, from: v1, to: v2, cause: 'c' });
    await attempt(sluice, 'release', { ...held, keeps: v1 });
    await app.settled();
    const entry = (await app.sets()).find(({ spec }) => spec.replicas === 0);
    // As `kubectl rollout undo`: the entry's template without its hash.
    await world.kube.patch(
      deployments,
      app.target,
      { spec: { template: { spec: { containers: [{ name: 'app', image: v1.app }] } } } },
      { as: 'strategic' },
    );
    await app.settled();
    const used = await world.kube.get(replicaSets, { namespace: world.namespace, name: entry?.metadata.name ?? '' });
    expect(used.spec.replicas).toBe(3);
    expect(await app.sets()).toHaveLength(2);
  });
});

describe('uncommit', () => {
  it('brings template, history and revision back, and then the pods go back too', async () => {
    const app = await deploy(world, { name: 'uncommit', annotations: { 'kubernetes.io/change-cause': 'first' } });
    const before = await app.pods();
    const historyBefore = await app.history();
    const held = await heldBy(app);
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    await upgradeAll(app, held, v2);
    await attempt(sluice, 'commit', { ...held, from: v1, to: v2, cause: 'c' });
    await attempt(sluice, 'uncommit', { ...held, from: v1, to: v2, cause: '' });
    await upgradeAll(app, held, v1);
    await attempt(sluice, 'release', held);
    const settled = await app.settled();
    expect(settled.spec.template.spec?.containers[0]?.image).toBe(v1.app);
    expect(settled.metadata.annotations?.['kubernetes.io/change-cause']).toBe('first');
    expect(await app.sets()).toHaveLength(1);
    expect(identities(await app.pods())).toEqual(identities(before));
    expect(await app.history()).toEqual(historyBefore);
    await clean(app);
  });

  it('takes a Deployment back that was given back already', async () => {
    const app = await deploy(world, { name: 'retake', annotations: { 'kubernetes.io/change-cause': 'first' } });
    const before = await app.pods();
    const held = await heldBy(app);
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    await upgradeAll(app, held, v2);
    await attempt(sluice, 'commit', { ...held, from: v1, to: v2, cause: 'c' });
    await attempt(sluice, 'release', { ...held, keeps: v1 });
    await attempt(sluice, 'uncommit', { ...held, from: v1, to: v2, cause: '' });
    await upgradeAll(app, held, v1);
    await attempt(sluice, 'release', held);
    const settled = await app.settled();
    expect(settled.metadata.annotations?.['kubernetes.io/change-cause']).toBe('first');
    expect(identities(await app.pods())).toEqual(identities(before));
  });
});
