import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type PodFacts, type World } from '../support/world.ts';

/** Containers that change one after another, on a real kubelet. */

let world: World;
beforeAll(async () => {
  world = await openWorld(inject('kubelet').stateDir);
  await world.worker();
});
afterAll(() => world?.close());

const image = (tag: SampleTag): string => sampleImage(tag, world.env['SLUICE_REGISTRY']);
const deploy = (name: string, replicas: number): Promise<void> =>
  world.deploy({ name, image: image('v1'), proxy: image('v1'), runtime: 'containerd', replicas });

/** Releases tag `app` of the app and `proxy` of the proxy, which goes first, under load; answers with the end. */
async function release(name: string, proxy: SampleTag, app: SampleTag = 'v2') {
  const { kube, namespace } = world;
  const load = await startLoad({ kube, namespace, service: name, rate: 50, keepAlive: true });
  await world.start(
    world.spec(name, image(app), {
      change: { images: { app: image(app), proxy: image(proxy) }, order: ['proxy', 'app'] },
      traffic: { through: [{ service: name }], quiet: '250ms', maxDrain: '20s' },
    }),
  );
  const ended = await world.until(name, ({ endedAt }) => endedAt !== undefined);
  return { ended, failed: (await load.stop()).failed };
}

const facts = (pods: ReadonlyMap<string, PodFacts>, container: string) =>
  [...pods.values()].map(({ containers }) => containers[container]);
const startOf = (pod: PodFacts, container: string): number => Date.parse(pod.containers[container]?.startedAt ?? '');

it('each container restarts once, the second when the first is well; the same pods, 0 failed requests', async () => {
  await deploy('ordered', 3);
  const before = await world.pods('ordered');
  const { ended, failed } = await release('ordered', 'v2');
  expect(ended).toMatchObject({ phase: 'succeeded', progress: { total: 3, done: 3 } });
  expect(failed).toEqual([]);
  const after = await world.pods('ordered');
  for (const [name, pod] of after) {
    expect(pod).toMatchObject({ uid: before.get(name)?.uid, ready: true });
    expect([pod.containers['proxy'], pod.containers['app']]).toMatchObject([{ restarts: 1 }, { restarts: 1 }]);
    expect(startOf(pod, 'app') - startOf(pod, 'proxy')).toBeGreaterThanOrEqual(1_000);
  }
  expect(await world.traces('ordered')).toEqual([]);
});

it('scenario 30: the first container crashes: the second has restartCount 0, and only the first is put back', async () => {
  await deploy('halted', 3);
  const before = await world.pods('halted');
  const { ended, failed } = await release('halted', 'v3-crash');
  expect(ended).toMatchObject({
    phase: 'rolledBack',
    notUndone: [],
    failure: { text: expect.stringMatching(/proxy: (CrashLoopBackOff|it exited)/) },
  });
  expect(failed).toEqual([]);
  const after = await world.pods('halted');
  expect(facts(after, 'app')).toEqual(facts(before, 'app'));
  expect(facts(after, 'app').map((app) => app?.restarts)).toEqual([0, 0, 0]);
  expect(facts(after, 'proxy').map((proxy) => proxy?.image)).toEqual(Array(3).fill(image('v1')));
  expect(facts(after, 'proxy').filter((proxy) => (proxy?.restarts ?? 0) > 0)).toHaveLength(1);
  expect([...after.values()].every(({ ready }) => ready)).toBe(true);
  expect(await world.traces('halted')).toEqual([]);
});

it('the second container crashes: both are put back, the second before the first', async () => {
  await deploy('back', 3);
  const { ended, failed } = await release('back', 'v2', 'v3-crash');
  expect(ended).toMatchObject({
    phase: 'rolledBack',
    notUndone: [],
    failure: { text: expect.stringMatching(/app: (CrashLoopBackOff|it exited)/) },
  });
  expect(failed).toEqual([]);
  const after = await world.pods('back');
  expect([...facts(after, 'app'), ...facts(after, 'proxy')].map((one) => one?.image)).toEqual(
    Array(6).fill(image('v1')),
  );
  const [touched, ...others] = [...after.values()].filter(({ containers }) => (containers['proxy']?.restarts ?? 0) > 0);
  expect(others).toEqual([]);
  expect(touched?.containers['proxy']?.restarts).toBe(2);
  const starts = touched ? ['app', 'proxy'].map((container) => startOf(touched, container)) : [];
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  expect([...after.values()].every(({ ready }) => ready)).toBe(true);
  expect(await world.traces('back')).toEqual([]);
});
