import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { sampleImage } from '../../local/sample.ts';
import { validateScale } from '../../workflows/contract/scale/validate.schema.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld(inject('kubelet').stateDir);
  await world.worker();
});
afterAll(() => world?.close());

const spec = (name: string, to: number, change: object = {}) =>
  validateScale({
    metadata: { namespace: world.namespace },
    target: { cluster: world.cluster, workload: `deployment/${name}` },
    scale: { to },
    strategy: { batches: [1, 3] },
    traffic: { through: [{ service: name }], quiet: '250ms', maxDrain: '20s' },
    ...change,
  });
const ended = (name: string) => world.until(name, (status) => status.endedAt !== undefined);

it.each([false, true])('down and up under load: 0 failed requests (keep-alive: %s)', async (keepAlive) => {
  const name = keepAlive ? 'kept' : 'shop';
  const image = sampleImage('v1', world.env['SLUICE_REGISTRY']);
  await world.deploy({ name, image, runtime: 'containerd', replicas: 6 });
  const all = [...(await world.pods(name)).keys()];
  const plan = await world.sluice.plan(spec(name, 2));
  const going = new Set(plan.batches.flatMap((batch) => batch.pods.map((pod) => pod.name)));
  const load = { kube: world.kube, namespace: world.namespace, service: name, rate: 100, keepAlive };

  const callers = await startLoad(load);
  await world.sluice.scale(spec(name, 2), { initiator: 'test' });
  expect(await ended(name)).toMatchObject({ phase: 'succeeded', progress: { total: 4, done: 4, failed: 0 } });
  const left = [...(await world.pods(name)).keys()];
  await world.sluice.scale(spec(name, 5), { initiator: 'test' });
  const up = await world.until(name, ({ endedAt, version }) => endedAt !== undefined && version === '5 pods');
  const result = await callers.stop();
  expect(up.phase).toBe('succeeded');
  expect(left.toSorted()).toEqual(all.filter((pod) => !going.has(pod)).toSorted());
  expect(result.failed).toEqual([]);
  expect(result.sent).toBeGreaterThan(200);
  const after = [...(await world.pods(name)).values()];
  expect(after.map(({ ready, restarts }) => `${ready} ${restarts}`)).toEqual(Array.from({ length: 5 }, () => 'true 0'));
  expect(await world.traces(name)).toEqual([]);
});

it('a rollback in the middle of a drain under load: 0 failed requests, and as many pods as before', async () => {
  const name = 'back';
  const image = sampleImage('v1', world.env['SLUICE_REGISTRY']);
  await world.deploy({ name, image, runtime: 'containerd', replicas: 5 });
  const callers = await startLoad({
    kube: world.kube,
    namespace: world.namespace,
    service: name,
    rate: 100,
    keepAlive: false,
  });
  const traffic = { through: [{ service: name }], quiet: '8s', maxDrain: '30s' };
  await world.sluice.scale(spec(name, 1, { traffic }), { initiator: 'test' });
  await world.until(name, ({ batches }) => batches[1]?.pods.some(({ state }) => state === 'silence') ?? false);
  await world.sluice.send(world.target(name), 'rollback', { by: 'carol' });
  expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
  const result = await callers.stop();
  expect(result.failed).toEqual([]);
  expect([...(await world.pods(name)).values()].map(({ ready }) => ready)).toEqual([true, true, true, true, true]);
  expect(await world.traces(name)).toEqual([]);
});
