import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { autoscalers, deployments } from '../../../activities/kubernetes/resources.ts';
import { openWorld, until, type WorkerProcess, type World } from '../../support/world.ts';
import { releasesIn } from '../support/releases.ts';
import { scalesIn } from '../support/scales.ts';

let world: World;
let worker: WorkerProcess;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  worker = await world.worker();
});
afterAll(() => world?.close());

const { deploy, ended, atGate, clean } = releasesIn(() => world);
const { scale, planScale, names } = scalesIn(() => world);
const approval = { afterBatch: { bake: '0s', approval: {} } };
const approve = (name: string, batch: number) =>
  world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: `after-batch-${batch}` });
const asked = async (name: string) =>
  (await world.kube.get(deployments, { namespace: world.namespace, name })).spec.replicas;
const scaler = (name: string) => world.kube.get(autoscalers, { namespace: world.namespace, name });
/** kube-controller-manager looks at it every 15 s. */
const twoLooksMs = 32_000;

/** A HorizontalPodAutoscaler that its own controller obeys: without metrics it still keeps the number within its bounds. */
async function autoscale(name: string, minReplicas: number, maxReplicas: number, behavior?: object): Promise<void> {
  const { namespace } = world;
  const metrics = [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
  ];
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  await world.kube.create(
    autoscalers,
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: { scaleTargetRef, minReplicas, maxReplicas, metrics, ...(behavior && { behavior }) },
    },
    { namespace },
  );
  // Its controller has seen it.
  await until(async () => (await scaler(name)).status?.conditions !== undefined);
}

it('refuses by default, with its name and bounds', async () => {
  await deploy('refused', 3);
  await autoscale('refused', 2, 5);
  await expect(planScale('refused', 4)).rejects.toMatchObject({
    code: 'AUTOSCALED',
    message: expect.stringContaining('HorizontalPodAutoscaler refused (2 to 5)'),
  });
});

it('suspend: it does nothing meanwhile, and is given back exactly; then it does what it says', async () => {
  await deploy('held', 3);
  await autoscale('held', 2, 4, { scaleDown: { stabilizationWindowSeconds: 77 } });
  const before = (await scaler('held')).spec;
  await scale('held', 7, { scale: { to: 7, hpa: 'Suspend' }, strategy: { batches: { count: 1 } }, gates: approval });
  const gate = await atGate('held');
  expect(gate.plan?.warnings.map(({ code }) => code)).toContain('AUTOSCALER');
  // Beyond its bounds for longer than it needs to look.
  await sleep(twoLooksMs);
  expect(await asked('held')).toBe(7);
  await approve('held', 1);
  expect(await ended('held')).toMatchObject({ phase: 'succeeded' });
  const after = await scaler('held');
  expect(after.spec).toEqual(before);
  expect(Object.keys(after.metadata.annotations ?? {}).filter((key) => key.startsWith('sluice.dev/'))).toEqual([]);
  await until(async () => (await asked('held')) === 4);
});

it('suspend, and a rollback after the worker was killed: given back exactly', async () => {
  await deploy('killed', 3);
  await autoscale('killed', 1, 5);
  const before = (await scaler('killed')).spec;
  await scale('killed', 8, { scale: { to: 8, hpa: 'Suspend' }, strategy: { batches: [2, 3] }, gates: approval });
  await atGate('killed');
  await worker.kill();
  worker = await world.worker();
  await world.sluice.send(world.target('killed'), 'rollback', { by: 'bob' });
  expect(await ended('killed')).toMatchObject({ phase: 'rolledBack' });
  expect((await scaler('killed')).spec).toEqual(before);
  expect(await asked('killed')).toBe(3);
  await clean('killed', 3);
});

it('bound: its bounds hold the number, which stays', async () => {
  await deploy('bound', 3);
  await autoscale('bound', 2, 4);
  await scale('bound', 6, { scale: { to: 6, hpa: 'Bound' } });
  expect(await ended('bound')).toMatchObject({ phase: 'succeeded' });
  expect((await scaler('bound')).spec).toMatchObject({ minReplicas: 6, maxReplicas: 6 });
  await scale('bound', 3, { scale: { to: 3, hpa: 'Bound' } });
  await world.until('bound', ({ endedAt, version }) => endedAt !== undefined && version === '3 pods');
  expect((await scaler('bound')).spec).toMatchObject({ minReplicas: 3, maxReplicas: 3 });
  await sleep(twoLooksMs);
  expect(await asked('bound')).toBe(3);
  expect((await names('bound')).length).toBe(3);
});
