import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { deployments, pods } from '../../../activities/kubernetes/resources.ts';
import { sampleImage } from '../../../local/sample.ts';
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

const { deploy, ended, atGate, clean, callable } = releasesIn(() => world);
const { scale, planScale, names, marks } = scalesIn(() => world);
const approval = { afterBatch: { bake: '0s', approval: {} } };
const drains = (name: string) => ({ through: [{ service: name }], quiet: '0s' });
const approve = (name: string, batch: number) =>
  world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: `after-batch-${batch}` });
const asked = async (name: string) =>
  (await world.kube.get(deployments, { namespace: world.namespace, name })).spec.replicas;
const cost = 'controller.kubernetes.io/pod-deletion-cost';
const setCost = (name: string, value: string) =>
  world.kube.patch(
    pods,
    { namespace: world.namespace, name },
    { metadata: { annotations: { [cost]: value } } },
    { as: 'merge' },
  );

it('up in batches: the next ones come when those before are ready, and a gate is waited at', async () => {
  await deploy('up', 3);
  const before = await names('up');
  await scale('up', 9, { strategy: { batches: [2, 4] }, gates: approval });
  const gate = await atGate('up');
  expect(gate).toMatchObject({ waiting: { gate: 'after-batch-1' }, version: '9 pods', fromVersion: '3 pods' });
  expect(await asked('up')).toBe(5);
  expect((await names('up')).length).toBe(5);
  // The slots of the plan have become the pods that came.
  const came = gate.batches[0]?.pods ?? [];
  expect(came.every(({ state }) => state === 'done')).toBe(true);
  expect([...before, ...came.map(({ name }) => name)].toSorted()).toEqual(await names('up'));
  await approve('up', 1);
  await world.until('up', ({ waiting }) => waiting?.gate === 'after-batch-2');
  expect(await asked('up')).toBe(9);
  await approve('up', 2);
  expect(await ended('up')).toMatchObject({ phase: 'succeeded', text: 'Scaled from 3 to 9 pods.' });
  expect((await names('up')).length).toBe(9);
  await clean('up', 9);
});

it('down in batches: the chosen pods go, and no other; those with a lower cost of their own go first', async () => {
  await deploy('down', 8);
  const all = await names('down');
  const idle = all[2] ?? '';
  await setCost(idle, '-7');
  const how = { strategy: { batches: [1, 4] }, traffic: drains('down') };
  const plan = await planScale('down', 3, how);
  const going = plan.batches.flatMap((batch) => batch.pods.map(({ name }) => name));
  expect(going[0]).toBe(idle);
  await scale('down', 3, { ...how, gates: approval });
  await atGate('down');
  expect(await names('down')).toEqual(all.filter((name) => name !== idle));
  await approve('down', 1);
  await world.until('down', ({ waiting }) => waiting?.gate === 'after-batch-2');
  await approve('down', 2);
  expect(await ended('down')).toMatchObject({ phase: 'succeeded', text: 'Scaled from 8 to 3 pods.' });
  expect(await names('down')).toEqual(all.filter((name) => !going.includes(name)));
  expect(await marks('down')).toEqual([]);
  await clean('down', 3);
});

it('200 pods to 80 through a Service: exactly the pods of the plan go', async () => {
  await deploy('many', 200);
  const all = await names('many');
  const how = { strategy: { batches: { count: 4 } }, traffic: drains('many') };
  const plan = await planScale('many', 80, how);
  const going = new Set(plan.batches.flatMap((batch) => batch.pods.map(({ name }) => name)));
  expect(going.size).toBe(120);
  await scale('many', 80, how);
  const status = await world.until('many', ({ endedAt }) => endedAt !== undefined, 240_000);
  expect(status).toMatchObject({ phase: 'succeeded', progress: { total: 120, done: 120, failed: 0 } });
  expect(await names('many')).toEqual(all.filter((name) => !going.has(name)));
  expect(await marks('many')).toEqual([]);
  await clean('many', 80);
});

it('a rollback in the middle of a scale down puts drained pods back, and as many as before are there', async () => {
  await deploy('back', 9);
  const all = await names('back');
  const kept = all[8] ?? '';
  await setCost(kept, '5');
  const how = { strategy: { batches: [2, 5] }, traffic: { ...drains('back'), quiet: '20s' } };
  await scale('back', 2, { ...how, gates: approval });
  await atGate('back');
  await approve('back', 1);
  // In the middle of the drain of the second batch.
  await world.until('back', ({ batches }) => batches[1]?.pods.some(({ state }) => state === 'silence') ?? false);
  await world.sluice.send(world.target('back'), 'rollback', { by: 'bob', reason: 'not today' });
  expect(await ended('back')).toMatchObject({ phase: 'rolledBack', text: 'Back to 9 pods for bob: not today' });
  expect(await asked('back')).toBe(9);
  // The seven that had not gone are those that were there, in traffic.
  expect((await names('back')).filter((name) => all.includes(name))).toHaveLength(7);
  expect(await marks('back')).toEqual([`${kept}: ${cost}=5`]);
  await clean('back', 9);
});

it('a rollback in the middle of a scale up takes away the pods that came, and no other', async () => {
  await deploy('again', 4);
  const all = await names('again');
  await scale('again', 10, { strategy: { batches: [3, 3] }, gates: approval, traffic: drains('again') });
  await atGate('again');
  await world.sluice.send(world.target('again'), 'rollback', { by: 'bob' });
  expect(await ended('again')).toMatchObject({ phase: 'rolledBack' });
  expect(await names('again')).toEqual(all);
  expect(await marks('again')).toEqual([]);
  await clean('again', 4);
});

it('somebody else’s number stops it; take over sets it back, and it goes on', async () => {
  await deploy('fought', 6);
  await scale('fought', 3, { strategy: { batches: [1, 2] }, gates: approval });
  await atGate('fought');
  const at = { namespace: world.namespace, name: 'fought' };
  await world.kube.patch(deployments, at, { spec: { replicas: 7 } }, { as: 'merge' });
  await approve('fought', 1);
  const held = await world.until('fought', ({ phase }) => phase === 'held');
  expect(held.text).toContain('Somebody scaled deployment/fought to 7 meanwhile; it was at 5.');
  await world.sluice.send(world.target('fought'), 'takeOver', { by: 'bob' });
  await world.until('fought', ({ waiting }) => waiting?.gate === 'after-batch-2');
  await approve('fought', 2);
  expect(await ended('fought')).toMatchObject({ phase: 'succeeded' });
  expect((await names('fought')).length).toBe(3);
  await clean('fought', 3);
});

it('to none, and from none', async () => {
  await deploy('none', 3);
  await scale('none', 0, {
    scale: { to: 0, allowZero: true },
    strategy: { batches: { count: 1 } },
    traffic: drains('none'),
  });
  expect(await ended('none')).toMatchObject({ phase: 'succeeded', text: 'Scaled from 3 to 0 pods.' });
  expect(await names('none')).toEqual([]);
  expect(await callable('none')).toBe(0);
  await scale('none', 2);
  await world.until('none', ({ endedAt, version }) => endedAt !== undefined && version === '2 pods');
  expect((await names('none')).length).toBe(2);
  await clean('none', 2);
});

it('a pod that falls back before its batch goes first, whatever was planned', async () => {
  await deploy('ill', 6);
  const how = { strategy: { batches: [1, 1] } };
  const plan = await planScale('ill', 4, how);
  const going = plan.batches.flatMap((batch) => batch.pods.map(({ name }) => name));
  await scale('ill', 4, { ...how, gates: approval });
  await atGate('ill');
  const ill = (await names('ill')).find((name) => !going.includes(name)) ?? '';
  const body = { spec: { containers: [{ name: 'app', image: sampleImage('v4-notready') }] } };
  await world.kube.patch(pods, { namespace: world.namespace, name: ill }, body, { as: 'strategic' });
  await until(async () => (await world.pods('ill')).get(ill)?.ready === false);
  await approve('ill', 1);
  await world.until('ill', ({ waiting }) => waiting?.gate === 'after-batch-2');
  expect(await names('ill')).not.toContain(ill);
  expect(await names('ill')).toContain(going[1]);
  await approve('ill', 2);
  expect(await ended('ill')).toMatchObject({ phase: 'succeeded' });
  expect(await marks('ill')).toEqual([]);
});

it('pods that do not come in time take a scale up back', async () => {
  await deploy('broken', 2);
  const { namespace } = world;
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' }, spec: { hard: { pods: '1' } } };
  const quotas = { group: '', version: 'v1', name: 'resourcequotas', namespaced: true, missing: 'NO_PODS' } as const;
  await world.kube.create(quotas, quota, { namespace });
  await until(async () => {
    const { items } = await world.kube.list<{ status?: { used?: object } }>(quotas, { namespace });
    return items[0]?.status?.used !== undefined;
  });
  await scale('broken', 5, { strategy: { readyTimeout: '5s' } });
  const status = await ended('broken');
  await world.kube.remove(quotas, { namespace, name: 'few' });
  expect(status).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
  expect(status.failure?.text).toContain('has 2 of its 3 pods');
  expect(await asked('broken')).toBe(2);
  await clean('broken', 2);
});

it('a worker that is killed in the middle of a drain, and in the middle of a scale up, changes nothing', async () => {
  await deploy('killed', 8);
  const all = await names('killed');
  const how = { strategy: { batches: [2, 3] }, traffic: { ...drains('killed'), quiet: '6s' } };
  const plan = await planScale('killed', 3, how);
  const going = new Set(plan.batches.flatMap((batch) => batch.pods.map(({ name }) => name)));
  const restart = async () => {
    await worker.kill();
    worker = await world.worker();
  };
  await scale('killed', 3, how);
  await world.until('killed', ({ batches }) => batches[1]?.pods.some(({ state }) => state === 'silence') ?? false);
  await restart();
  expect(await ended('killed')).toMatchObject({ phase: 'succeeded', progress: { done: 5, failed: 0 } });
  expect(await names('killed')).toEqual(all.filter((name) => !going.has(name)));
  expect(await marks('killed')).toEqual([]);
  await scale('killed', 9, { strategy: { batches: [3, 3] } });
  await until(async () => (await asked('killed')) === 6);
  await restart();
  const up = await world.until('killed', ({ endedAt, version }) => endedAt !== undefined && version === '9 pods');
  expect(up).toMatchObject({ phase: 'succeeded', progress: { total: 6, done: 6 } });
  expect((await names('killed')).length).toBe(9);
  await clean('killed', 9);
});
