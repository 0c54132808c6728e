import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conditionOf, isReady } from '../../../activities/kubernetes/podState.ts';
import { deployments, podStatus } from '../../../activities/kubernetes/resources.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import { createWorkload } from '../../../activities/kubernetes/workloads.ts';
import { createTraffic } from '../../../activities/traffic/index.ts';
import { releaseId } from '../../../workflows/contract/names.ts';
import { type App, appOf, createWorld, eventually, type World } from '../activities/fixtures.ts';
import { fewestReady, leftovers, readyIn, refs, releaseOf, serve } from './support.ts';

const gate = 'example.org/registered';
let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** A Deployment that declares the gate; somebody sets it on every pod, as its owner would. */
async function gated(name: string, replicas = 3): Promise<App> {
  const { kube, namespace } = world;
  const labels = { app: name };
  const spec = {
    terminationGracePeriodSeconds: 0,
    readinessGates: [{ conditionType: gate }],
    containers: [{ name: 'app', image: 'registry.test/shop:v1' }],
  };
  await kube.create(
    deployments,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    { namespace },
  );
  const app = appOf(kube, { cluster: 'local', namespace, kind: 'deployment', name });
  await eventually(
    async () => (await app.pods()).filter(({ status }) => status?.podIP !== undefined).length === replicas,
  );
  for (const pod of await app.pods()) await setGate(pod, 'True', 'Registered');
  await app.settled();
  return app;
}

async function setGate({ metadata }: Pod, status: string, reason: string): Promise<void> {
  const condition = { type: gate, status, reason, message: 'set by its owner' };
  const at = { namespace: world.namespace, name: metadata.name };
  await world.kube.patch(podStatus, at, { status: { conditions: [condition] } }, { as: 'strategic' });
}

const podOf = async (app: App, uid: string): Promise<Pod> => {
  const found = (await app.pods()).find(({ metadata }) => metadata.uid === uid);
  if (found === undefined) throw new Error('the pod is gone');
  return found;
};

async function one(app: App) {
  const [first, second, third] = await refs(app);
  if (first === undefined || second === undefined || third === undefined) throw new Error('needs three pods');
  return [first, second, third] as const;
}

describe('a readiness gate that the template declares', () => {
  it('that a terminated release left shut is opened when the next one closes, also of a pod in no batch', async () => {
    const app = await gated('left');
    const through = [{ readinessGate: gate }];
    const id = releaseId(app.target);
    const [first] = await refs(app);
    const dead = await releaseOf(world, app, through, `${id}|run-1`);
    await dead.prepare([first!]);
    await dead.out([first!]);
    const next = await releaseOf(world, app, through, `${id}|run-2`);
    await next.open();
    await next.close();
    const opened = await eventually(async () => {
      const list = await app.pods();
      return list.every((pod) => isReady(pod)) && list;
    });
    expect(opened).toHaveLength(3);
  });

  it('takes a pod out and puts it back as it was', async () => {
    const app = await gated('gated');
    await serve(world, app, 'gated');
    const release = await releaseOf(world, app, [{ readinessGate: gate }]);
    const [first] = await one(app);
    await release.open();
    await release.prepare([first]);
    const watch = await fewestReady(world, 'gated');

    expect(await release.out([first])).toMatchObject({ done: [first.name], failed: [], later: [] });
    expect(isReady(await podOf(app, first.uid))).toBe(false);
    expect((await readyIn(world, 'gated')).has(first.uid)).toBe(false);

    expect(await release.stage('restore', [first])).toMatchObject({ done: [first.name] });
    const back = await podOf(app, first.uid);
    expect(conditionOf(back, gate)).toMatchObject({
      status: 'True',
      reason: 'Registered',
      message: 'set by its owner',
    });
    expect((await readyIn(world, 'gated')).has(first.uid)).toBe(true);
    expect(await watch.stop()).toBe(2);
    await release.close();
    expect(await leftovers(world)).toEqual([]);
  });

  it('leaves a gate alone that was closed before', async () => {
    const app = await gated('closed');
    const [first] = await one(app);
    await setGate(await podOf(app, first.uid), 'False', 'Quarantine');
    await eventually(async () => !isReady(await podOf(app, first.uid)));
    const release = await releaseOf(world, app, [{ readinessGate: gate }]);
    await release.prepare([first]);
    expect(await release.out([first])).toMatchObject({ done: [first.name] });
    expect(conditionOf(await podOf(app, first.uid), gate)).toMatchObject({ status: 'False', reason: 'Quarantine' });
    expect(await release.stage('restore', [first])).toMatchObject({ done: [first.name] });
    expect(conditionOf(await podOf(app, first.uid), gate)).toMatchObject({ status: 'False', reason: 'Quarantine' });
  });

  it('opens it again where a first look was taken after our own drain', async () => {
    const app = await gated('twice');
    const [first] = await one(app);
    const release = await releaseOf(world, app, [{ readinessGate: gate }]);
    await release.out([first]);
    await release.prepare([first]);
    expect(await release.stage('restore', [first])).toMatchObject({ done: [first.name] });
    expect(isReady(await podOf(app, first.uid))).toBe(true);
  });

  it('never leaves a Service without a ready endpoint', async () => {
    const app = await gated('last');
    await serve(world, app, 'last');
    const [first, second, third] = await one(app);
    const release = await releaseOf(world, app, [{ readinessGate: gate }]);
    await release.prepare([first, second, third]);
    const watch = await fewestReady(world, 'last');
    const answer = await release.out([first, second, third]);
    expect(answer).toMatchObject({ done: [first.name, second.name], later: [third.name], failed: [] });
    await release.stage('restore', [first, second]);
    expect(await watch.stop()).toBe(1);
  });

  it('goes together with a Service, each with a snapshot of its own', async () => {
    const app = await gated('mixed');
    await serve(world, app, 'mixed');
    const release = await releaseOf(world, app, [{ readinessGate: gate }, { service: 'mixed' }]);
    const [first] = await one(app);
    await release.open();
    await release.prepare([first]);
    expect(await release.out([first])).toMatchObject({ done: [first.name] });
    const drained = await podOf(app, first.uid);
    expect(conditionOf(drained, gate)).toMatchObject({ status: 'False' });
    expect(drained.metadata.labels).toMatchObject({ 'sluice.dev/serving': 'false' });
    for (const undo of [true, false]) {
      expect(await release.stage('restore', [first], { undo })).toMatchObject({ done: [first.name] });
      expect((await readyIn(world, 'mixed')).has(first.uid)).toBe(true);
      if (undo) await release.out([first]);
    }
    await release.close();
    expect(await leftovers(world)).toEqual([]);
  });

  it('is refused where the template does not declare it', async () => {
    const app = await gated('other', 1);
    const { kube } = world;

    const { signal } = new AbortController();
    const traffic = createTraffic([{ readinessGate: 'example.org/unknown' }], {
      kube,
      signal,
      held: { target: app.target, uid: '', holder: '' },
      workload: createWorkload(app.target, kube, signal),
      pods: { all: () => [], find: () => undefined, subscribe: () => () => undefined, wrote: () => undefined },
    });
    await expect(traffic.inspect()).rejects.toMatchObject({
      code: 'WORKLOAD_UNFIT',
      message: expect.stringContaining(`does not declare the readiness gate example.org/unknown; it declares: ${gate}`),
    });
  });
});
