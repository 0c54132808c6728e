import { describe, expect, it } from 'vitest';
import { isReady } from '../../../activities/kubernetes/podState.ts';
import {
  controllerRevisions,
  deployments,
  endpointSlices,
  podStatus,
  replicaSets,
  services,
} from '../../../activities/kubernetes/resources.ts';
import { templateFingerprint } from '../../../activities/kubernetes/templates.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import { endpointsOf } from '../../../activities/traffic/endpointView.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { Side } from '../../../workflows/contract/blueGreen/activities.ts';
import { isThere, levelOf, type Mortal, mark, mortally as mortallyOf, patch, uidOf } from './anew.ts';
import { afterEachWrite, dyingAfter } from './dying.ts';
import { type App, activitiesOf, attempt, deploy, eventually, ground } from './fixtures.ts';

const { world, sluice } = await ground();

const livePods = async (app: App): Promise<readonly Pod[]> => (await app.pods()).filter(isThere);
/** How many pods have which LEVEL, as `- - 1 1`. */
const levels = async (app: App): Promise<string> => (await livePods(app)).map(levelOf).toSorted().join(' ');

const mortally = (count: number) => mortallyOf(world.kube, sluice, count);

const service = (app: App) => world.kube.get(services, { namespace: world.namespace, name: app.target.name });
/** Levels of the pods that the Service sends callers to. */
async function called(app: App): Promise<string> {
  const labelSelector = `kubernetes.io/service-name=${app.target.name}`;
  const { items } = await world.kube.list(endpointSlices, { namespace: world.namespace, labelSelector });
  const inside = endpointsOf(items).pods;
  const pods = (await livePods(app)).filter((pod) => inside.get(uidOf(pod))?.ready === true);
  return pods.map(levelOf).toSorted().join(' ');
}

async function acquired(mortal: Mortal, name: string, replicas = 3) {
  const app = await deploy(world, { name, replicas });
  const { namespace } = world;
  await world.kube.create(
    services,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports: [{ port: 80 }] },
    },
    { namespace },
  );
  await eventually(async () => (await called(app)) === Array.from({ length: replicas }, () => '-').join(' '));
  const { metadata, spec } = await app.deployment();
  const held = { target: app.target, uid: metadata.uid, holder: `release/${name}|run` };
  const from = templateFingerprint(spec.template);
  await mortal.run('acquire', { ...held, from: {}, template: { from, to: mark, source: { patch }, differs: [] } });
  return { app, held, before: await livePods(app) };
}

const pointing = (held: HeldRequest, to: Side, lenient?: true) => ({
  ...held,
  services: [held.target.name],
  to,
  timeoutMs: 60_000,
  since: new Date().toISOString(),
  ...(to === 'blue' && !lenient && { first: true as const }),
  ...(lenient && { lenient }),
});
const green = (held: HeldRequest) => ({ ...held, since: new Date().toISOString(), timeoutMs: 60_000 });
const commit = (held: HeldRequest) => ({ ...held, from: {}, to: {}, cause: 'c', mark });

/** Nothing of the release is left, and the controller has nothing to do. */
async function gaveBack(app: App): Promise<void> {
  const { metadata, spec } = await app.settled();
  expect(JSON.stringify([metadata.annotations, spec.template, spec.paused])).not.toContain('sluice.dev/');
  expect(spec.paused).toBeUndefined();
  const { items } = await world.kube.list(controllerRevisions, { namespace: world.namespace });
  expect(items.filter((kept) => kept.metadata.name.startsWith(`${metadata.name}-sluice-`))).toEqual([]);
  const sets = await world.kube.list(replicaSets, { namespace: world.namespace });
  const own = sets.items.filter((set) => set.metadata.name.startsWith(`${metadata.name}-`));
  expect(JSON.stringify(own.map((set) => set.metadata.annotations))).not.toContain('sluice.dev/');
  const { metadata: of, spec: says } = await service(app);
  expect([of.annotations ?? {}, of.labels ?? {}, says.selector]).toEqual([{}, {}, { app: metadata.name }]);
}

describe('a second ReplicaSet beside the first, the worker killed after each write', () => {
  it('is called instead of it, and adopted: no pod is made twice, and native history has both', async () => {
    const writes = await afterEachWrite(async (count) => {
      const mortal = mortally(count);
      const { app, held } = await acquired(mortal, `green-${count}`);
      await mortal.run('point', pointing(held, 'blue'));
      await mortal.run('green', green(held));
      await eventually(async () => (await levels(app)) === '- - - 1 1 1');
      await mortal.run('point', pointing(held, 'green'));
      expect(await called(app)).toBe('1 1 1');
      const born = (await livePods(app)).filter((pod) => levelOf(pod) === '1').map(uidOf);
      await mortal.run('adopt', commit(held));
      await mortal.run('point', pointing(held, 'both', true));
      await mortal.run('release', { ...held, recreated: true });
      await gaveBack(app);
      expect((await livePods(app)).map(uidOf).toSorted()).toEqual(born.toSorted());
      await eventually(async () => (await called(app)) === '1 1 1');
      await eventually(async () => (await app.history()).length === 2);
      expect((await app.history()).map((line) => line.slice(0, 2))).toEqual(['1:', '2:']);
      mortal.close();
      return mortal.died();
    });
    expect(writes).toBeGreaterThanOrEqual(13);
  });

  it('and back after it was adopted: the old pods are called before the new ones go', async () => {
    await afterEachWrite(async (count) => {
      const mortal = mortally(count);
      const { app, held } = await acquired(mortal, `back-${count}`);
      await mortal.run('point', pointing(held, 'blue'));
      await mortal.run('green', green(held));
      await mortal.run('point', pointing(held, 'green'));
      await mortal.run('adopt', commit(held));
      await mortal.run('disown', commit(held));
      await mortal.run('point', pointing(held, 'blue', true));
      expect(await called(app)).toBe('- - -');
      await mortal.run('removeGreen', held);
      await mortal.run('point', pointing(held, 'both', true));
      await mortal.run('release', { ...held, recreated: true });
      await gaveBack(app);
      expect(await levels(app)).toBe('- - -');
      await eventually(async () => (await called(app)) === '- - -');
      expect(await app.history()).toHaveLength(1);
      mortal.close();
      return mortal.died();
    });
  });

  it('an adoption that was cut short anywhere is taken back: at no moment is nobody called', async () => {
    await afterEachWrite(async (count) => {
      const living = mortally(Number.POSITIVE_INFINITY);
      const { app, held, before } = await acquired(living, `half-${count}`);
      await living.run('point', pointing(held, 'blue'));
      await living.run('green', green(held));
      await living.run('point', pointing(held, 'green'));
      const kube = dyingAfter(world.kube, count);
      const dying = activitiesOf(kube);
      await attempt(dying, 'adopt', commit(held)).catch(() => undefined);
      dying.close();
      const calls: string[] = [];
      const over = new AbortController();
      const watching = (async () => {
        while (!over.signal.aborted) calls.push(await called(app));
      })();
      await living.run('disown', commit(held));
      await living.run('point', pointing(held, 'blue', true));
      await living.run('removeGreen', held);
      await living.run('point', pointing(held, 'both', true));
      await living.run('release', { ...held, recreated: true });
      over.abort();
      await watching;
      expect(calls.filter((levelsThen) => levelsThen === '')).toEqual([]);
      await gaveBack(app);
      expect(await levels(app)).toBe('- - -');
      // Before green was the Deployment's own nobody scaled blue.
      const now = new Set((await livePods(app)).map(uidOf));
      expect(count > 1 || before.every((pod) => now.has(uidOf(pod)))).toBe(true);
      living.close();
      return kube.died();
    });
  });

  it('green is adopted whole, also while one of its pods is not ready: no controller takes one for another', async () => {
    const living = mortally(Number.POSITIVE_INFINITY);
    const app = await deploy(world, { name: 'unready', replicas: 4 });
    const { metadata, spec } = await app.deployment();
    const held = { target: app.target, uid: metadata.uid, holder: 'release/unready|run' };
    const gated = { spec: { readinessGates: [{ conditionType: 'sluice.dev/test' }] } };
    const from = templateFingerprint(spec.template);
    const template = { from, to: mark, source: { patch: gated }, differs: [] };
    await living.run('acquire', { ...held, from: {}, template });
    await living.run('green', green(held));
    const isNew = (pod: Pod): boolean => pod.spec.readinessGates !== undefined;
    const born = (await livePods(app)).filter(isNew);
    const conditions = [{ type: 'sluice.dev/test', status: 'True' }];
    for (const { metadata: of } of born.slice(1)) {
      await world.kube.patch(
        podStatus,
        { namespace: world.namespace, name: of.name },
        { status: { conditions } },
        { as: 'strategic' },
      );
    }
    const ready = async () => (await livePods(app)).filter((pod) => isNew(pod) && isReady(pod)).length === 3;
    await eventually(ready);
    await living.run('adopt', commit(held));
    await living.run('release', { ...held, recreated: true });
    await eventually(async () => (await livePods(app)).length === 4);
    expect((await livePods(app)).map(uidOf).toSorted()).toEqual(born.map(uidOf).toSorted());
    // Nobody scaled it, not even for a moment.
    const owner = born[0]?.metadata.ownerReferences?.[0]?.name ?? '';
    expect((await world.kube.get(replicaSets, { namespace: world.namespace, name: owner })).metadata.generation).toBe(
      1,
    );
    const left = (await app.deployment()).status;
    expect([left?.updatedReplicas, left?.readyReplicas]).toEqual([4, 3]);
    living.close();
  });

  it('old pods that are not ready keep nobody waiting; new ones that are not are never switched to', async () => {
    const living = mortally(Number.POSITIVE_INFINITY);
    const { namespace } = world;
    const gate = 'sluice.dev/test';
    const { app, held } = await acquired(living, 'ill', 2);
    await living.run('release', { ...held, recreated: true });
    const template = { spec: { readinessGates: [{ conditionType: gate }] } };
    await world.kube.patch(deployments, { namespace, name: 'ill' }, { spec: { template } }, { as: 'merge' });
    const open = ({ metadata }: Pod) =>
      world.kube.patch(
        podStatus,
        { namespace, name: metadata.name },
        { status: { conditions: [{ type: gate, status: 'True' }] } },
        { as: 'strategic' },
      );
    const gated = async () => (await livePods(app)).filter(({ spec }) => spec.readinessGates !== undefined);
    await eventually(async () => {
      for (const pod of await gated()) await open(pod);
      return (await gated()).filter(isReady).length === 2 && (await livePods(app)).length === 2;
    });
    await app.settled();
    const blue = await gated();
    const shut = { status: { conditions: [{ type: gate, status: 'False' }] } };
    for (const { metadata } of blue) {
      await world.kube.patch(podStatus, { namespace, name: metadata.name }, shut, { as: 'strategic' });
    }
    await eventually(async () => (await called(app)) === '');

    const again = { ...held, holder: 'release/ill|again' };
    const from = templateFingerprint((await app.deployment()).spec.template);
    await living.run('acquire', { ...again, from: {}, template: { from, to: mark, source: { patch }, differs: [] } });
    await living.run('point', { ...pointing(again, 'blue'), timeoutMs: 3_600_000 });
    await living.run('green', green(again));
    const well = (await gated()).find((pod) => levelOf(pod) === '1');
    if (well) await open(well);
    await eventually(async () => (await gated()).filter(isReady).length === 1);
    const soon = { ...pointing(again, 'green'), timeoutMs: 2_000 };
    await expect(attempt(sluice, 'point', soon)).rejects.toMatchObject({
      type: 'POD_FAILED',
      message: expect.stringMatching(/[01] of 2 pods of the new version are ready/),
    });
    const { spec } = await service(app);
    expect(spec.selector?.['pod-template-hash']).toBe(blue[0]?.metadata.labels?.['pod-template-hash']);
    living.close();
  });
});
