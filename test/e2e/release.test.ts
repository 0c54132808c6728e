import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { services } from '../../activities/kubernetes/resources.ts';
import { missingTag, type SampleTag, sampleImage } from '../../local/sample.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type PodFacts, type World } from '../support/world.ts';

const image = (world: World, tag: SampleTag | typeof missingTag): string =>
  sampleImage(tag, world.env['SLUICE_REGISTRY']);
const through = (name: string) => ({ through: [{ service: name }], quiet: '250ms', maxDrain: '20s' });
const kubectl = (world: World, ...args: string[]): string =>
  execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
    env: { ...process.env, ...world.env },
    encoding: 'utf8',
  });

/** The pods are the same ones, each changed so many times. */
function expectSamePods(
  before: ReadonlyMap<string, PodFacts>,
  after: ReadonlyMap<string, PodFacts>,
  restarts: number,
): void {
  expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted());
  for (const [name, was] of before) {
    const is = after.get(name);
    expect({ name, uid: is?.uid, ip: is?.ip, node: is?.node }).toEqual({
      name,
      uid: was.uid,
      ip: was.ip,
      node: was.node,
    });
    expect(is?.restarts, `${name} restarts`).toBe(was.restarts + restarts);
    expect(is?.ready, `${name} ready`).toBe(true);
  }
}

describe('releases on a real kubelet', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  for (const keepAlive of [false, true]) {
    const name = keepAlive ? 'keepalive' : 'shop';
    it(`scenarios 27, 42: v1 → v2 ${keepAlive ? 'with' : 'without'} keep-alive: 0 failed requests, the same pods, native history`, async () => {
      await world.deploy({ name, image: image(world, 'v1'), runtime: 'containerd', replicas: 6 });
      const before = await world.pods(name);
      const load = await startLoad({
        kube: world.kube,
        namespace: world.namespace,
        service: name,
        rate: 100,
        keepAlive,
      });
      const { spec: service } = await world.kube.get(services, { namespace: world.namespace, name });
      const address = `${service?.clusterIP}:80`;
      const proxied = await startLoad({
        kube: world.kube,
        namespace: world.namespace,
        service: name,
        rate: 50,
        keepAlive: false,
        address,
      });

      await world.start(world.spec(name, image(world, 'v2'), { traffic: through(name) }));
      const ended = await world.until(name, (status) => status.endedAt !== undefined);
      const [result, throughProxy] = await Promise.all([load.stop(), proxied.stop()]);

      expect(ended).toMatchObject({ phase: 'succeeded', progress: { total: 6, done: 6, failed: 0 } });
      expect(result.failed).toEqual([]);
      expect(throughProxy.failed).toEqual([]);
      expect(result.versions['v2']).toBeGreaterThan(0);
      expectSamePods(before, await world.pods(name), 1);
      expect(await world.traces(name)).toEqual([]);
      expect(ended.log.map(({ text }) => text).join('\n')).not.toContain('could not be proven');

      expect(kubectl(world, 'rollout', 'status', `deployment/${name}`, '--timeout=20s')).toContain(
        'successfully rolled out',
      );
      expect(kubectl(world, 'rollout', 'history', `deployment/${name}`)).toMatch(/^1 [\s\S]*^2 /m);
      expectSamePods(before, await world.pods(name), 1);
    });
  }

  it('kubectl rollout undo works after the release', async () => {
    kubectl(world, 'rollout', 'undo', 'deployment/shop');
    expect(kubectl(world, 'rollout', 'status', 'deployment/shop', '--timeout=60s')).toContain(
      'successfully rolled out',
    );
    const images = [...(await world.pods('shop')).values()].filter((pod) => pod.ready).map((pod) => pod.image);
    expect(new Set(images.map((one) => one.split('@')[0]))).toEqual(new Set([image(world, 'v1')]));
  });

  for (const [tag, reason] of [
    ['v3-crash', /CrashLoopBackOff|Error/],
    ['v4-notready', /not ready/i],
  ] as const) {
    it(`scenarios 14, 33: ${tag} stops at the gray pod, which is put back; 0 failed requests`, async () => {
      const name = tag.slice(0, 2) + 'bad';
      await world.deploy({ name, image: image(world, 'v1'), runtime: 'containerd', replicas: 4 });
      const before = await world.pods(name);
      const load = await startLoad({
        kube: world.kube,
        namespace: world.namespace,
        service: name,
        rate: 100,
        keepAlive: true,
      });
      const spec = world.spec(name, image(world, tag), { traffic: through(name) });
      await world.start({ ...spec, strategy: { ...spec.strategy, readyTimeout: '8s' } });
      const ended = await world.until(name, (status) => status.endedAt !== undefined);
      const result = await load.stop();

      expect(ended).toMatchObject({ phase: 'rolledBack', notUndone: [] });
      expect(ended.failure?.text).toMatch(reason);
      expect(result.failed).toEqual([]);
      const after = await world.pods(name);
      const touched = [...after].filter(([pod, { restarts }]) => restarts !== before.get(pod)?.restarts);
      expect(touched).toHaveLength(1);
      expect([...after.values()].every((pod) => pod.ready && pod.image === image(world, 'v1'))).toBe(true);
      expect(await world.traces(name)).toEqual([]);
    });
  }

  it('an image that the registry does not have is refused before anything is touched', async () => {
    const name = 'nobad';
    await world.deploy({ name, image: image(world, 'v1'), runtime: 'containerd', replicas: 2 });
    const before = await world.pods(name);
    await world.start(world.spec(name, image(world, missingTag), { traffic: through(name) }));
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    expect(ended).toMatchObject({ phase: 'failed', failure: { code: 'IMAGE_NOT_FOUND' } });
    expect(await world.pods(name)).toEqual(before);
  });

  it('scenario 28: a new tag of the same image (same imageID) completes', async () => {
    const name = 'same';
    await world.deploy({ name, image: image(world, 'v2'), runtime: 'containerd', replicas: 2 });
    const before = await world.pods(name);
    await world.start(world.spec(name, image(world, 'v2-again')));
    expect(await world.until(name, (status) => status.endedAt !== undefined)).toMatchObject({ phase: 'succeeded' });
    expectSamePods(before, await world.pods(name), 1);
  });

  it('a rollback in the middle of a batch under load: every pod back on its old version, 0 failed requests', async () => {
    const name = 'undo';
    await world.deploy({ name, image: image(world, 'v1'), runtime: 'containerd', replicas: 6 });
    const before = await world.pods(name);
    const load = await startLoad({
      kube: world.kube,
      namespace: world.namespace,
      service: name,
      rate: 100,
      keepAlive: false,
    });
    // Long enough in silence to be met in the middle.
    await world.start(world.spec(name, image(world, 'v2'), { traffic: { ...through(name), quiet: '8s' } }));
    await world.until(name, (status) => status.batches[1]?.state === 'running');
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    const result = await load.stop();
    expect(ended).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(result.failed).toEqual([]);
    const after = await world.pods(name);
    expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted());
    for (const [pod, facts] of after) {
      expect(facts).toMatchObject({ image: image(world, 'v1'), ready: true, uid: before.get(pod)?.uid });
    }
    expect(await world.traces(name)).toEqual([]);
  });
});

describe('a worker that is killed in the middle of a batch', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
  });
  afterAll(() => world?.close());

  it('scenario 55: SIGKILL and restart: the release ends as if nothing had happened, 0 failed requests', async () => {
    const name = 'killed';
    const first = await world.worker();
    await world.deploy({ name, image: image(world, 'v1'), runtime: 'containerd', replicas: 6 });
    const before = await world.pods(name);
    const load = await startLoad({
      kube: world.kube,
      namespace: world.namespace,
      service: name,
      rate: 100,
      keepAlive: false,
    });
    const spec = world.spec(name, image(world, 'v2'), { traffic: through(name) });
    await world.start({ ...spec, strategy: { ...spec.strategy, maxUnavailable: 1 } });
    await world.until(name, (status) => status.batches[1]?.pods.some((pod) => pod.state === 'done') ?? false);
    await first.kill();
    await world.worker();
    const ended = await world.until(name, (status) => status.endedAt !== undefined, 180_000);
    const result = await load.stop();
    expect(ended).toMatchObject({ phase: 'succeeded' });
    expect(result.failed).toEqual([]);
    expectSamePods(before, await world.pods(name), 1);
    expect(await world.traces(name)).toEqual([]);
  });
});
