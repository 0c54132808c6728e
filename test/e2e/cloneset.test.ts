import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { cloneSets } from '../../activities/kubernetes/resources.ts';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type PodFacts, type World } from '../support/world.ts';

/** What stays of a pod, whatever is done to it. */
const identities = (pods: ReadonlyMap<string, PodFacts>) =>
  [...pods]
    .map(([name, { uid, ip, node }]) => ({ name, uid, ip, node }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

describe.skipIf(!inject('kruise'))('a CloneSet on a real kubelet, with the real manager of OpenKruise', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir, {}, 'cloneset');
    await world.worker();
  });
  afterAll(() => world?.close());

  const image = (tag: SampleTag): string => sampleImage(tag, world.env['SLUICE_REGISTRY']);
  const through = (name: string) => ({ through: [{ service: name }], quiet: '250ms', maxDrain: '20s' });
  const load = (service: string) =>
    startLoad({ kube: world.kube, namespace: world.namespace, service, rate: 100, keepAlive: false });
  const deploy = (name: string) => world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 4 });
  /** What `kubectl get cloneset` shows. */
  const told = async (name: string) => {
    const { spec, status } = await world.kube.get(cloneSets, { namespace: world.namespace, name });
    const { updatedReplicas, updatedReadyReplicas, currentRevision, updateRevision } = status ?? {};
    const isCurrent = currentRevision === updateRevision;
    return { updatedReplicas, updatedReadyReplicas, isCurrent, paused: spec.updateStrategy?.paused ?? false };
  };
  const allUpdated = { updatedReplicas: 4, updatedReadyReplicas: 4, isCurrent: true, paused: false };

  it('v1 → v2 under load: 0 failed requests, the same pods, one restart each, all updated for Kruise', async () => {
    const name = 'clones';
    await deploy(name);
    const before = await world.pods(name);
    const callers = await load(name);
    await world.start(world.spec(name, image('v2'), { traffic: through(name) }));
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    const result = await callers.stop();
    expect(ended).toMatchObject({ phase: 'succeeded', progress: { total: 4, done: 4, failed: 0 } });
    expect(result.failed).toEqual([]);
    expect(result.versions['v2']).toBeGreaterThan(0);
    const after = await world.pods(name);
    expect(identities(after)).toEqual(identities(before));
    expect([...after.values()].map(({ restarts, ready }) => `${restarts} ${ready}`)).toEqual(Array(4).fill('1 true'));
    expect(await told(name)).toEqual(allUpdated);
    expect(await world.traces(name)).toEqual([]);
  });

  it('a rollback in the middle of a batch under load: every pod back on its old version, 0 failed requests', async () => {
    const name = 'back';
    await deploy(name);
    const before = await world.pods(name);
    const callers = await load(name);
    // Long enough in silence to be met in the middle.
    await world.start(world.spec(name, image('v2'), { traffic: { ...through(name), quiet: '10s' } }));
    await world.until(name, (status) => status.batches[1]?.state === 'running');
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    const result = await callers.stop();
    expect(ended).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(result.failed).toEqual([]);
    const after = await world.pods(name);
    expect(identities(after)).toEqual(identities(before));
    expect([...after.values()].every((pod) => pod.ready && pod.image === image('v1'))).toBe(true);
    expect(await told(name)).toEqual(allUpdated);
    expect(await world.traces(name)).toEqual([]);
  });

  it('another env under load: pods are made anew, chosen ones, 0 failed requests', async () => {
    const name = 'anew';
    await deploy(name);
    const before = await world.pods(name);
    const callers = await load(name);
    const template = { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: '1' }] }] } };
    await world.start({ ...world.spec(name, image('v1'), { traffic: through(name) }), change: { template } });
    const ended = await world.until(name, (status) => status.endedAt !== undefined, 240_000);
    const result = await callers.stop();
    expect(ended).toMatchObject({ phase: 'succeeded' });
    expect(result.failed).toEqual([]);
    const after = await world.pods(name);
    expect([...after.keys()].filter((pod) => before.has(pod))).toEqual([]);
    expect([...after.values()].map(({ restarts, ready }) => `${restarts} ${ready}`)).toEqual(Array(4).fill('0 true'));
    expect(await told(name)).toEqual(allUpdated);
    expect(await world.traces(name)).toEqual([]);
  });
});
