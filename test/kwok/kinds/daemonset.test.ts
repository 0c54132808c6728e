import { describe, expect, it, onTestFinished } from 'vitest';
import { daemonSets, nodes } from '../../../activities/kubernetes/resources.ts';
import type { DaemonSet } from '../../../activities/kubernetes/wire.ts';
import { fingerprint } from '../../../workflows/contract/fingerprint.ts';
import { planRelease } from '../../../workflows/contract/planner.ts';
import { validateSpec } from '../../../workflows/contract/validate.schema.ts';
import { attempt, eventually, ground, handful, identities, v1, v2 } from '../activities/fixtures.ts';
import { type OwnNodes, ownNodes } from '../support/ownNodes.ts';
import { daemonSetKind, deployRevised, type RevisedApp, type RevisedOptions } from './revised.ts';

const { world, sluice } = await ground({ validateSpec, planRelease });
type App = RevisedApp<DaemonSet>;
const deploy = (options: RevisedOptions): Promise<App> => deployRevised(world, daemonSetKind, options);

/** For nodes of its own, one in each of those zones. */
async function deployOn(name: string, zones: readonly string[]): Promise<{ app: App; own: OwnNodes }> {
  const own = await ownNodes(world.kube, zones);
  onTestFinished(() => own.close());
  return { own, app: await deployRevised(world, { ...daemonSetKind, podSpec: () => own.podSpec }, { name }) };
}

async function release(app: App): Promise<void> {
  const held = await app.held();
  await attempt(sluice, 'acquire', { ...held, from: v1 });
  const request = handful(app.target, held.uid, held.holder, await app.pods(), v2);
  await attempt(sluice, 'patch', request);
  await eventually(async () => (await attempt(sluice, 'wait', request)).done.length === request.pods.length);
  await attempt(sluice, 'commit', { ...held, from: v1, to: v2, cause: 'c' });
  await attempt(sluice, 'release', { ...held, keeps: v1 });
}

const plan = (app: App, strategy: object = {}) =>
  attempt(sluice, 'plan', {
    spec: {
      metadata: { name: app.target.name, namespace: world.namespace },
      target: { cluster: 'local', workload: `ds/${app.target.name}` },
      change: { images: v2 },
      strategy: { gray: { pods: 1 }, batches: ['100%'], ...strategy },
      gates: { afterGray: { approval: false } },
    },
  });

describe('a DaemonSet gets back exactly what it had', () => {
  it.each([
    ['shares', { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '40%', maxSurge: 0 } } }],
    ['surges', { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 2 } } }],
    ['by-hand', { updateStrategy: { type: 'OnDelete' } }],
    ['kept', { minReadySeconds: 1, revisionHistoryLimit: 3 }],
  ])('%s', async (name, spec) => {
    const app = await deploy({ name, spec });
    const before = await app.workload();
    const identity = identities(await app.pods());
    await release(app);
    await app.settled();
    const after = await app.workload();
    expect(after.spec).toEqual({ ...before.spec, template: after.spec.template });
    expect(after.spec).toMatchObject(spec);
    expect(identities(await app.pods())).toEqual(identity);
    expect(await app.history()).toEqual(['1: registry.test/shop:v1 (first)', '2: registry.test/shop:v2 (c)']);
  });

  it('while it is held: OnDelete, with room for revisions, and what was before in its trail', async () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2, maxSurge: 0 } };
    const app = await deploy({ name: 'held', replicas: 1, spec: { revisionHistoryLimit: 0, updateStrategy } });
    await attempt(sluice, 'acquire', { ...(await app.held()), from: v1 });
    const { spec, metadata } = await app.workload();
    expect(spec).toMatchObject({ updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 10 });
    const trail: unknown = JSON.parse(metadata.annotations?.['sluice.dev/before'] ?? '');
    expect(trail).toMatchObject({ strategy: updateStrategy, limit: 0, cause: 'first' });
  });
});

describe('scenario 38: nodes', () => {
  it('gray pods are chosen by the labels of their nodes', async () => {
    const { app, own } = await deployOn('chosen', ['a', 'b', 'c', 'a', 'b', 'c']);
    const [, second, , , fifth, sixth = ''] = own.names;
    const { batches } = await plan(app, { gray: { pods: 2, select: { nodes: { zone: 'b' } } } });
    expect(batches[0]?.pods.map(({ node }) => node).toSorted()).toEqual([second, fifth]);
    const one = await plan(app, { gray: { pods: 1, select: { nodes: { node: sixth } } } });
    expect(one.batches[0]?.pods.map(({ node }) => node)).toEqual([sixth]);
  });

  it('a pod stays on a node that it is not for any more: it is changed with the others and left alone', async () => {
    const { app, own } = await deployOn('tainted', ['a', 'b']);
    const [name = ''] = own.names;
    const taints = [{ key: 'own', value: 'yes', effect: 'NoSchedule' }];
    await world.kube.patch(nodes, { name }, { spec: { taints } }, { as: 'merge' });
    const identity = identities(await app.pods());
    expect(identity).toHaveLength(2);
    // Its controller looks at such a node only when the DaemonSet changes: at the hold.
    await release(app);
    await eventually(async () => {
      const { observedGeneration, updatedNumberScheduled, numberMisscheduled } = (await app.workload()).status ?? {};
      const { generation } = (await app.workload()).metadata;
      return observedGeneration === generation && updatedNumberScheduled === 1 && numberMisscheduled === 1;
    });
    expect(identities(await app.pods())).toEqual(identity);
    expect((await app.pods()).map(({ spec }) => spec.containers[0]?.image)).toEqual([v2['app'], v2['app']]);
  });

  it('a pod that dies is born on its node under another name; a node that comes is found', async () => {
    const { app, own } = await deployOn('reborn', ['a', 'b']);
    const held = await app.held();
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    const look = { ...held, images: v2, from: v1, spreadBy: 'zone', expected: fingerprint([]), undo: false };
    const [victim] = await app.pods();
    await app.kill(victim?.metadata.name ?? '');
    const added = await own.add('c');
    await eventually(async () => (await app.workload()).status?.numberReady === 3 && (await app.pods()).length === 3);
    const now = await app.pods();
    const successor = now.find(({ spec }) => spec.nodeName === victim?.spec.nodeName);
    expect(successor?.metadata.name).not.toBe(victim?.metadata.name);
    const { pods = [], replicas } = await attempt(sluice, 'survey', look);
    expect(replicas).toBe(3);
    expect(pods.map(({ node }) => node).toSorted()).toEqual([...own.names].toSorted());
    expect(pods.map(({ node }) => node)).toContain(added);
  });
});

describe('is refused', () => {
  it('at the plan: ordinals, which its pods have not; a surge, for which a node has no room', async () => {
    const app = await deploy({ name: 'cannot', replicas: 1 });
    await expect(plan(app, { order: { first: 'HighestOrdinal' } })).rejects.toMatchObject({
      type: 'SPEC_INVALID',
      message: expect.stringContaining('Newest or Oldest: the pods of daemonset/cannot have no ordinals'),
    });
    await expect(plan(app, { maxSurge: 1 })).rejects.toMatchObject({
      type: 'MODE_UNSUPPORTED',
      message: expect.stringContaining('there is one pod on each node'),
    });
  });

  it('while a native rolling update is under way, by the names of the pods that are behind', async () => {
    const app = await deploy({ name: 'rolls' });
    await app.patch({ spec: { template: { metadata: { annotations: { 'sluice.dev/kwok-ready-delay': '3600' } } } } });
    await eventually(async () => {
      const { status, metadata } = await app.workload();
      return status?.observedGeneration === metadata.generation && (status?.updatedNumberScheduled ?? 3) < 3;
    });
    const held = { ...(await app.held()), from: v1 };
    const refusal = {
      type: 'WORKLOAD_BUSY',
      message: expect.stringMatching(/A native rollout of daemonset\/rolls is not finished: rolls-.* older revision/),
    };
    await expect(attempt(sluice, 'acquire', held)).rejects.toMatchObject(refusal);
    await expect(plan(app)).rejects.toMatchObject(refusal);
    await app.patch({ spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null } } });
    await eventually(async () => {
      const { status, metadata } = await app.workload();
      return status?.observedGeneration === metadata.generation;
    });
    await expect(attempt(sluice, 'acquire', held)).rejects.toMatchObject(refusal);
    expect((await app.workload()).metadata.annotations).not.toHaveProperty(['sluice.dev/release']);
  });

  it('when it is not there, with the names that there are', async () => {
    const there = await deploy({ name: 'there', replicas: 1 });
    const held = { ...(await there.held()), target: { ...there.target, name: 'nowhere' }, from: v1 };
    await expect(attempt(sluice, 'acquire', held)).rejects.toMatchObject({
      type: 'WORKLOAD_NOT_FOUND',
      message: expect.stringMatching(/has no daemonset\/nowhere; there is .*there/),
    });
  });

  it('when somebody lets its controller move pods in mid-release', async () => {
    const app = await deploy({ name: 'freed', replicas: 1 });
    const held = await app.held();
    await attempt(sluice, 'acquire', { ...held, from: v1 });
    const spec = { updateStrategy: { type: 'RollingUpdate' }, revisionHistoryLimit: 10 };
    await world.kube.patch(daemonSets, app.target, { spec }, { as: 'merge' });
    const look = { ...held, images: v2, from: v1, spreadBy: 'zone', expected: fingerprint([]), undo: false };
    await expect(attempt(sluice, 'survey', look)).rejects.toMatchObject({
      type: 'WORKLOAD_CHANGED',
      message: expect.stringContaining('update strategy of daemonset/freed to RollingUpdate'),
    });
    await attempt(sluice, 'takeOver', held);
    expect(await attempt(sluice, 'survey', look)).toMatchObject({ replicas: 1 });
    expect((await app.workload()).spec).toMatchObject({
      updateStrategy: { type: 'OnDelete' },
      revisionHistoryLimit: 20,
    });
    await attempt(sluice, 'release', held);
    await app.settled();
    expect((await app.workload()).spec).toMatchObject(spec);
  });
});
