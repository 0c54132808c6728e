import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { deployments, endpointSlices, podStatus, services } from '../../activities/kubernetes/resources.ts';
import { endpointsOf } from '../../activities/traffic/endpointView.ts';
import { type SampleTag, sampleImage, sampleManifests } from '../../local/sample.ts';
import type { KindName } from '../../workflows/contract/kinds.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type PodFacts, until, type World } from '../support/world.ts';

/** Kinds that have several pods on one node. */
const kinds: readonly KindName[] = ['statefulset'];

/** What stays of a pod, whatever is done to it. */
const identities = (pods: ReadonlyMap<string, PodFacts>) =>
  [...pods]
    .map(([name, { uid, ip, node }]) => ({ name, uid, ip, node }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

describe.each(kinds)('a %s on a real kubelet', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  const image = (tag: SampleTag): string => sampleImage(tag, world.env['SLUICE_REGISTRY']);
  const through = (name: string) => ({ through: [{ service: name }], quiet: '250ms', maxDrain: '20s' });
  const kubectl = (...args: string[]): string =>
    execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
      env: { ...process.env, ...world.env },
      encoding: 'utf8',
    });
  const load = (service: string) =>
    startLoad({ kube: world.kube, namespace: world.namespace, service, rate: 100, keepAlive: false });

  it('scenarios 27, 39, 42: v1 → v2 under load: 0 failed requests, the same pods, native history and undo', async () => {
    const name = 'shop';
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 4 });
    const before = await world.pods(name);
    const callers = await load(name);
    await world.start(world.spec(name, image('v2'), { traffic: through(name) }));
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    const result = await callers.stop();
    expect(ended).toMatchObject({ phase: 'succeeded', progress: { total: 4, done: 4, failed: 0 } });
    expect(result.failed).toEqual([]);
    expect(result.versions['v2']).toBeGreaterThan(0);

    const status = kubectl('rollout', 'status', `${kind}/${name}`, '--timeout=20s');
    expect(status).toMatch(/complete/);
    const history = kubectl('rollout', 'history', `${kind}/${name}`);
    expect(history).toMatch(/^1 [\s\S]*^2 +sluice: /m);
    expect(history).not.toMatch(/^3 /m);
    const after = await world.pods(name);
    expect(identities(after)).toEqual(identities(before));
    for (const [pod, { restarts, ready }] of after) {
      expect({ pod, restarts, ready }).toEqual({ pod, restarts: (before.get(pod)?.restarts ?? 0) + 1, ready: true });
    }
    expect(await world.traces(name)).toEqual([]);

    kubectl('rollout', 'undo', `${kind}/${name}`);
    kubectl('rollout', 'status', `${kind}/${name}`, '--timeout=120s');
    const undone = [...(await world.pods(name)).values()].map((pod) => pod.image.split('@')[0]);
    expect(new Set(undone)).toEqual(new Set([image('v1')]));
  });

  it('a rollback in the middle of a batch under load: every pod back on its old version, 0 failed requests', async () => {
    const name = 'undo';
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 4 });
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
    expect(kubectl('rollout', 'history', `${kind}/${name}`)).not.toMatch(/^2 /m);
    expect(await world.traces(name)).toEqual([]);
  });
});

/** One node is one pod of it: who shall answer meanwhile are other pods of the same Service. */
describe('a daemonset on a real kubelet', () => {
  const gate = 'example.org/registered';
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir, {}, 'daemonset');
    await world.worker();
  });
  afterAll(() => world?.close());

  const image = (tag: SampleTag): string => sampleImage(tag, world.env['SLUICE_REGISTRY']);
  const kubectl = (...args: string[]): string =>
    execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
      env: { ...process.env, ...world.env },
      encoding: 'utf8',
    });
  /** Sets the gate on its pod, as the owner of the gate would. */
  const register = async (name: string): Promise<void> => {
    const { namespace } = world;
    await until(async () => (await world.pods(name)).size === 1);
    const [pod = ''] = (await world.pods(name)).keys();
    const status = { conditions: [{ type: gate, status: 'True', reason: 'Registered' }] };
    await world.kube.patch(podStatus, { namespace, name: pod }, { status }, { as: 'strategic' });
  };

  it('scenario 27: the same pod, one restart, native status, history and undo', async () => {
    const name = 'agent';
    await world.deploy({ name, image: image('v1'), runtime: 'containerd' });
    const before = await world.pods(name);
    expect(before.size).toBe(1);
    const traffic = { through: [{ service: name }], quiet: '250ms', maxDrain: '20s' };
    await world.start(world.spec(name, image('v2'), { traffic }));
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    expect(ended).toMatchObject({ phase: 'succeeded', progress: { total: 1, done: 1, failed: 0 } });

    expect(kubectl('rollout', 'status', `daemonset/${name}`, '--timeout=20s')).toMatch(/successfully rolled out/);
    const history = kubectl('rollout', 'history', `daemonset/${name}`);
    expect(history).toMatch(/^1 [\s\S]*^2 +sluice: /m);
    expect(history).not.toMatch(/^3 /m);
    const after = await world.pods(name);
    expect(identities(after)).toEqual(identities(before));
    expect([...after.values()]).toMatchObject([
      { restarts: 1, ready: true, image: expect.stringContaining(image('v2')) },
    ]);
    expect(await world.traces(name)).toEqual([]);

    kubectl('rollout', 'undo', `daemonset/${name}`);
    kubectl('rollout', 'status', `daemonset/${name}`, '--timeout=120s');
    const undone = [...(await world.pods(name)).values()].map((pod) => pod.image.split('@')[0]);
    expect(undone).toEqual([image('v1')]);
  });

  it('scenario 42: under load, beside other pods of its Service, there and back: 0 failed requests', async () => {
    const [name, { namespace }] = ['edge', world];
    const sample = { namespace, image: image('v1'), runtime: 'containerd', podLabels: { tier: 'edge' } } as const;
    const { deployment, service } = sampleManifests({ ...sample, name: 'spare', replicas: 1 });
    await world.kube.create(deployments, deployment, { namespace });
    const shared = {
      ...service,
      metadata: { name: 'shared', namespace },
      spec: { ...service.spec, selector: { tier: 'edge' } },
    };
    await world.kube.create(services, shared, { namespace });
    await Promise.all([world.deploy({ ...sample, name, readinessGates: [gate] }), register(name)]);
    const endpoints = () =>
      world.kube.list(endpointSlices, { namespace, labelSelector: 'kubernetes.io/service-name=shared' });
    await until(async () => endpointsOf((await endpoints()).items).ready === 2);

    const before = await world.pods(name);
    const callers = await startLoad({ kube: world.kube, namespace, service: 'shared', rate: 100, keepAlive: false });
    const traffic = { through: [{ readinessGate: gate }], quiet: '250ms', maxDrain: '20s' };
    const gates = { afterGray: { bake: '0s', approval: {} } };
    await world.start(world.spec(name, image('v2'), { traffic, gates }));
    await world.until(name, ({ waiting }) => waiting?.for === 'approval');
    const sent = callers.sent();
    await until(async () => callers.sent() > sent + 100);
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
    expect(await world.until(name, (status) => status.endedAt !== undefined)).toMatchObject({ phase: 'rolledBack' });
    await world.start(world.spec(name, image('v2'), { traffic }));
    const ended = await world.until(name, ({ phase }) => phase === 'succeeded');
    const after = await world.pods(name);
    const result = await callers.stop();
    expect(ended).toMatchObject({ progress: { total: 1, done: 1, failed: 0 } });
    expect(result.failed).toEqual([]);
    // Only the pod of the DaemonSet ever had v2.
    expect(result.versions['v2']).toBeGreaterThan(0);
    expect(identities(after)).toEqual(identities(before));
    expect([...after.values()]).toMatchObject([
      { restarts: 3, ready: true, image: expect.stringContaining(image('v2')) },
    ]);
    expect(await world.traces(name)).toEqual([]);
  });
});
