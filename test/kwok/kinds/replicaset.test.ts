import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { deployments, pods, replicaSets } from '../../../activities/kubernetes/resources.ts';
import { sampleImage, sampleManifests } from '../../../local/sample.ts';
import { validateSpec } from '../../../workflows/contract/validate.schema.ts';
import { openWorld, until, type World } from '../../support/world.ts';
import { approval, releasesIn } from '../support/releases.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir, {}, 'replicaset');
  await world.worker();
});
afterAll(() => world?.close());

const { spec, deploy: deployed, ended, atGate, versions, uids } = releasesIn(() => world);
const deploy = (name: string): Promise<void> => deployed(name, 4);
const approve = (name: string) => world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: 'after-gray' });
const template = async (name: string) =>
  (await world.kube.get(replicaSets, { namespace: world.namespace, name })).spec.template;

it('a ReplicaSet is released in place: the same pods, its template, nothing of ours left', async () => {
  await deploy('whole');
  const before = await uids('whole');
  await world.start(spec('whole', 'v2', { gates: approval }));
  await atGate('whole');
  expect(await versions('whole')).toBe('v1 v1 v1 v2');
  await approve('whole');
  expect(await ended('whole')).toMatchObject({ phase: 'succeeded' });
  expect(await versions('whole')).toBe('v2 v2 v2 v2');
  expect(await uids('whole')).toEqual(before);
  expect((await template('whole'))?.spec?.containers[0]?.image).toBe(sampleImage('v2'));
  expect(await world.traces('whole')).toEqual([]);
  const { entries } = await world.sluice.history(world.target('whole'));
  expect(entries.map(({ record, native }) => [record?.phase, native])).toEqual([['succeeded', undefined]]);
});

it('a pod that dies at the gate comes back old, and along', async () => {
  await deploy('dies');
  await world.start(spec('dies', 'v2', { gates: approval }));
  await atGate('dies');
  const gray = [...(await world.pods('dies'))].find(([, { image }]) => image.includes(':v2'))?.[0] ?? '';
  await world.kube.remove(pods, { namespace: world.namespace, name: gray });
  await until(async () => [...(await world.pods('dies')).values()].filter(({ ready }) => ready).length === 4);
  expect(await versions('dies')).toBe('v1 v1 v1 v1');
  await approve('dies');
  expect(await ended('dies')).toMatchObject({ phase: 'succeeded' });
  expect(await versions('dies')).toBe('v2 v2 v2 v2');
  expect(await world.traces('dies')).toEqual([]);
});

it('a rollback brings back pods and template; somebody else’s template stops it, and take over undoes that', async () => {
  await deploy('back');
  const before = await template('back');
  await world.start(spec('back', 'v2', { gates: approval }));
  await atGate('back');
  const other = { spec: { template: { metadata: { annotations: { by: 'somebody' } } } } };
  await world.kube.patch(replicaSets, { namespace: world.namespace, name: 'back' }, other, { as: 'merge' });
  await approve('back');
  const held = await world.until('back', ({ phase }) => phase === 'held');
  expect(held.text).toContain('Somebody changed the template of replicaset/back in mid-release');
  await world.sluice.send(world.target('back'), 'takeOver', { by: 'bob' });
  await world.until('back', ({ batches }) => batches.some(({ name, state }) => name !== 'gray' && state !== 'waiting'));
  await world.sluice.send(world.target('back'), 'rollback', { by: 'bob', reason: 'not today' }).catch(() => undefined);
  const { phase } = await ended('back');
  const image = phase === 'rolledBack' ? sampleImage('v1') : sampleImage('v2');
  const after = await template('back');
  expect(after?.metadata).toEqual(before?.metadata);
  expect(after?.spec?.containers[0]?.image).toBe(image);
  expect(await world.traces('back')).toEqual([]);
});

it('made anew: somebody else’s template stops it, and take over goes on to the new one', async () => {
  await deploy('anew');
  const before = await template('anew');
  const level = { name: 'LEVEL', value: '1' };
  const change = { template: { spec: { containers: [{ name: 'app', env: [level] }] } } };
  await world.start(spec('anew', 'v1', { change, gates: approval }));
  await atGate('anew');
  const other = { spec: { template: { metadata: { annotations: { by: 'somebody' } } } } };
  await world.kube.patch(replicaSets, { namespace: world.namespace, name: 'anew' }, other, { as: 'merge' });
  await approve('anew');
  await world.until('anew', ({ phase }) => phase === 'held');
  const gray = await uids('anew');
  await world.sluice.send(world.target('anew'), 'takeOver', { by: 'bob' });
  expect(await ended('anew')).toMatchObject({ phase: 'succeeded', notUndone: [] });
  const { items } = await world.kube.list(pods, { namespace: world.namespace, labelSelector: 'app=anew' });
  expect(items.map((pod) => pod.spec.containers[0]?.env)).toEqual(Array(4).fill(expect.arrayContaining([level])));
  expect((await uids('anew')).filter((uid) => gray.includes(uid))).toHaveLength(1);
  const after = await template('anew');
  expect(after?.spec?.containers[0]?.env).toContainEqual(level);
  expect(after?.metadata).toEqual(before?.metadata);
  expect(await world.traces('anew')).toEqual([]);
});

it('a restart: the same pods run the same image anew', async () => {
  await deploy('again');
  const before = await world.pods('again');
  await world.start(spec('again', 'v1', { change: { restart: true } }));
  expect(await ended('again')).toMatchObject({ phase: 'succeeded', restart: true });
  const after = await world.pods('again');
  for (const [name, { uid, restarts }] of before) {
    expect(after.get(name)).toMatchObject({ uid, restarts: restarts + 1, ready: true });
  }
  expect(await world.traces('again')).toEqual([]);
});

it('one of a Deployment is refused: whose it is, is named', async () => {
  const { namespace } = world;
  const { deployment } = sampleManifests({ name: 'boss', namespace, image: sampleImage('v1'), replicas: 1 });
  await world.kube.create(deployments, deployment, { namespace });
  const sets = () => world.kube.list(replicaSets, { namespace, labelSelector: 'app=boss' });
  await until(async () => (await sets()).items.length === 1);
  const name = (await sets()).items[0]?.metadata.name ?? '';
  await expect(world.sluice.plan(validateSpec(spec(name, 'v2')))).rejects.toMatchObject({
    code: 'WORKLOAD_UNFIT',
    message: `replicaset/${name} belongs to deployment/boss.`,
  });
});
