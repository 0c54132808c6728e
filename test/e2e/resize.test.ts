import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { nodes, pods } from '../../activities/kubernetes/resources.ts';
import type { Pod } from '../../activities/kubernetes/wire.ts';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import { amountOf } from '../../workflows/contract/amount.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type PodFacts, until, type World } from '../support/world.ts';

const small = { requests: { cpu: '5m', memory: '16Mi' }, limits: { cpu: '500m', memory: '64Mi' } };
const large = { requests: { cpu: '9m', memory: '24Mi' }, limits: { cpu: '600m', memory: '96Mi' } };
type Resources = typeof small;

/** cpu and memory of pods that live: kubelet and the container runtime change their cgroups. */
describe('resources on a real kubelet, under load', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  const image = (tag: SampleTag) => sampleImage(tag, world.env['SLUICE_REGISTRY']);
  const kubectl = (...args: string[]): string =>
    execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
      env: { ...process.env, ...world.env },
      encoding: 'utf8',
    });
  const deploy = async (name: string, more: object = {}): Promise<ReadonlyMap<string, PodFacts>> => {
    const resources = { resources: small, ...more };
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 4, ...resources });
    return world.pods(name);
  };
  const spec = (name: string, to: Resources, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput => ({
    ...world.spec(name, '', { traffic: { through: [{ service: name }], quiet: '250ms', maxDrain: '20s' } }),
    change: { template: { spec: { containers: [{ name: 'app', resources: to }] } } },
    ...change,
  });
  const underLoad = async (name: string, story: () => Promise<void>): Promise<void> => {
    const service = { kube: world.kube, namespace: world.namespace, service: name };
    const load = await startLoad({ ...service, rate: 100, keepAlive: true });
    await story();
    const { failed, sent } = await load.stop();
    expect(failed).toEqual([]);
    expect(sent).toBeGreaterThan(100);
  };
  const list = async (name: string): Promise<readonly Pod[]> =>
    (await world.kube.list(pods, { namespace: world.namespace, labelSelector: `app=${name}` })).items;
  /** What the containers have, as kubelet says, and nothing is under way. */
  const expectHave = async (name: string, resources: Resources): Promise<void> => {
    for (const { spec: asked, status } of await list(name)) {
      expect(asked.containers[0]?.resources).toEqual(resources);
      expect(status?.containerStatuses?.[0]?.resources).toEqual(resources);
      expect(status?.conditions?.filter(({ type }) => type.startsWith('PodResize'))).toEqual([]);
    }
  };
  const expectSame = async (name: string, before: ReadonlyMap<string, PodFacts>, restarts: number): Promise<void> => {
    const of = (facts: ReadonlyMap<string, PodFacts>, plus: number) =>
      Object.fromEntries(
        [...facts].map(([pod, { uid, ip, node, ready, restarts: was }]) => [
          pod,
          { uid, ip, node, ready, was: was + plus },
        ]),
      );
    expect(of(await world.pods(name), 0)).toEqual(of(before, restarts));
  };
  const ended = (name: string) => world.until(name, ({ endedAt }) => endedAt !== undefined);

  it('change with no restart, there and back natively: 0 failed requests, the same pods at the same addresses', async () => {
    const name = 'grows';
    const before = await deploy(name, { sidecar: image('v1') });
    const both = (resources: Resources) => ({
      template: {
        spec: { containers: [{ name: 'app', resources }], initContainers: [{ name: 'side', resources }] },
      },
    });
    const expectSidecars = async (resources: Resources): Promise<void> => {
      for (const { spec: asked, status } of await list(name)) {
        const [side] = status?.initContainerStatuses ?? [];
        expect([asked.initContainers?.[0]?.resources, side?.resources]).toEqual([resources, resources]);
        expect(side?.restartCount).toBe(0);
      }
    };
    await underLoad(name, async () => {
      await world.start(spec(name, large, { change: both(large) }));
      expect(await ended(name)).toMatchObject({ phase: 'succeeded', progress: { total: 4, done: 4, failed: 0 } });
    });
    await expectHave(name, large);
    await expectSidecars(large);
    await expectSame(name, before, 0);
    expect(await world.traces(name)).toEqual([]);
    expect(kubectl('rollout', 'status', `deployment/${name}`, '--timeout=20s')).toContain('successfully');
    expect(kubectl('rollout', 'history', `deployment/${name}`)).toMatch(/^1 [\s\S]*^2 +sluice: /m);
    await expectSame(name, before, 0);
    // Lower than before, memory too, which Kubernetes lets since 1.34; and with a new image in the same release.
    await underLoad(name, async () => {
      const change = { ...both(small), images: { app: image('v2') } };
      await world.start(spec(name, small, { change }));
      await until(async () => (await ended(name)).version === 'v2');
      expect(await ended(name)).toMatchObject({ phase: 'succeeded' });
    });
    await expectHave(name, small);
    await expectSidecars(small);
    await expectSame(name, before, 1);
  });

  it('a rollback in the middle of a batch under load: the resources of before, nothing restarted', async () => {
    const name = 'back';
    const before = await deploy(name);
    await underLoad(name, async () => {
      // Long enough to be seen in the middle of it on a busy machine.
      const traffic = { through: [{ service: name }], quiet: '8s', maxDrain: '20s' };
      await world.start(spec(name, large, { traffic }));
      await world.until(name, ({ batches }) => batches[1]?.state === 'running');
      await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
      expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    });
    await expectHave(name, small);
    await expectSame(name, before, 0);
    expect(await world.traces(name)).toEqual([]);
  });

  it('more than the node has: fails at the gray pod with what kubelet says, and goes back', async () => {
    const name = 'infeasible';
    const before = await deploy(name);
    const cpu = '900';
    await underLoad(name, async () => {
      await world.start(
        spec(name, { ...large, requests: { ...large.requests, cpu }, limits: { ...large.limits, cpu } }),
      );
      const { phase, failure, notUndone } = await ended(name);
      expect({ phase, notUndone }).toEqual({ phase: 'rolledBack', notUndone: [] });
      expect(failure?.text).toMatch(/Infeasible: .*capacity.*cpu/);
    });
    await expectHave(name, small);
    await expectSame(name, before, 0);
  });

  it('more than the node has left now: is waited for, then fails with what kubelet says, and goes back', async () => {
    const name = 'deferred';
    const resources = { ...small, requests: { ...small.requests, cpu: '100m' } };
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 3, resources });
    const before = await world.pods(name);
    const [nodeName = ''] = [...before.values()].map(({ node }) => node);
    const { status } = await world.kube.get(nodes, { name: nodeName });
    // It would fit on the node, were it alone there.
    const cpu = String(amountOf(status?.allocatable?.['cpu'] ?? '') - 0.1);
    const strategy = { gray: { pods: 1 }, readyTimeout: '10s' };
    const to = { requests: { ...small.requests, cpu }, limits: { ...small.limits, cpu } };
    await underLoad(name, async () => {
      await world.start(spec(name, to, { strategy }));
      const { phase, failure, notUndone } = await ended(name);
      expect({ phase, notUndone }).toEqual({ phase: 'rolledBack', notUndone: [] });
      expect(failure?.text).toMatch(/not resized after 10 s: Deferred: .*cpu/);
    });
    await expectHave(name, resources);
    await expectSame(name, before, 0);
  });

  it('a container whose resizePolicy says so restarts once, drained', async () => {
    const name = 'restarts';
    const before = await deploy(name, { restartsFor: ['memory'] });
    await underLoad(name, async () => {
      await world.start(spec(name, large));
      const { phase, plan } = await ended(name);
      expect([phase, plan?.change.resize?.restarts]).toEqual(['succeeded', ['app']]);
    });
    await expectHave(name, large);
    await expectSame(name, before, 1);
  });
});
