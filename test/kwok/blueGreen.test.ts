import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  pods as allPods,
  controllerRevisions,
  deployments,
  endpointSlices,
  replicaSets,
  resourceQuotas,
  services,
} from '../../activities/kubernetes/resources.ts';
import { endpointsOf } from '../../activities/traffic/endpointView.ts';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { openWorld, until, type WorkerProcess, type World } from '../support/world.ts';
import { releasesIn, versionOf } from './support/releases.ts';

let world: World;
let worker: WorkerProcess;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  worker = await world.worker();
});
afterAll(() => world?.close());

const { deploy, ended, atGate, clean, versions, uids } = releasesIn(() => world);
const send = (name: string, message: 'approve' | 'rollback' | 'takeOver' | 'adopt', gate?: string) =>
  world.sluice.send(world.target(name), message, { by: 'bob', ...(gate && { gate }) });

/** v2 of `name`: an approval before the switch, and a long time to go back after it. */
const beside = (name: string, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput => ({
  ...world.spec(name, sampleImage('v2'), { traffic: { quiet: '0s' } }),
  strategy: { mode: 'BlueGreen', readyTimeout: '5m', blueGreen: { keepOld: '1h' } },
  gates: { afterGray: { approval: {} } },
  ...change,
});
const at = (name: string) => ({ namespace: world.namespace, name });
const selector = async (name: string) => (await world.kube.get(services, at(name))).spec.selector;

/** Versions of the pods that the Service sends callers to, as `v1 v1 v2`. */
async function called(name: string): Promise<string> {
  const labelSelector = `kubernetes.io/service-name=${name}`;
  const { items } = await world.kube.list(endpointSlices, { namespace: world.namespace, labelSelector });
  const { pods: inside } = endpointsOf(items);
  const pods = [...(await world.pods(name.replace(/-preview$/, ''))).values()];
  return pods
    .filter(({ uid }) => inside.get(uid)?.ready === true)
    .map(({ image }) => versionOf(image))
    .toSorted()
    .join(' ');
}
const all = (version: string, count: number): string => Array.from({ length: count }, () => version).join(' ');
const afterSwitch = (name: string) => world.until(name, ({ waiting }) => waiting?.gate === 'after-switch');

/** The Deployment has one ReplicaSet with pods, and nothing that the release kept is there. */
async function settled(name: string): Promise<void> {
  const { namespace } = world;
  const kept = await world.kube.list(controllerRevisions, { namespace });
  expect(kept.items.filter(({ metadata }) => metadata.name.startsWith(`${name}-sluice-`))).toEqual([]);
  const deployment = await world.kube.get(deployments, at(name));
  const { items } = await world.kube.list(replicaSets, { namespace });
  const own = items.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid),
  );
  expect(own.filter(({ spec }) => (spec.replicas ?? 0) > 0)).toHaveLength(1);
  expect(own.every(({ metadata }) => metadata.ownerReferences?.every(({ controller }) => controller === true))).toBe(
    true,
  );
  expect(deployment.spec.paused).toBeUndefined();
  expect(await selector(name)).toEqual({ app: name });
}

describe('blue/green', () => {
  it('before the switch it is handed over, taken back, and gives way to a newer version; then its time to go back is changed', async () => {
    const name = 'newer';
    await deploy(name, 3);
    const before = await uids(name);
    const tell = (message: 'handOver' | 'takeBack' | 'changePlan', more: object = {}) =>
      world.sluice.send(world.target(name), message, { by: 'anna', ...more });
    await world.start(beside(name));
    await atGate(name);
    await tell('handOver');
    await world.until(name, ({ phase }) => phase === 'manual');
    expect(await uids(name)).toEqual(before);
    await settled(name);
    await tell('takeBack');
    const first = await atGate(name);
    const v3 = beside(name, { change: { images: { app: sampleImage('v3') } } });
    const { begun } = await world.sluice.supersede(validateSpec(v3), { initiator: 'bob' });
    const { run } = await begun(AbortSignal.timeout(120_000));
    const second = await world.until(name, (status) => status.run === run && status.waiting?.for === 'approval');
    expect(second).toMatchObject({ version: 'v3', fromVersion: 'v1', supersedes: { run: first.run, version: 'v2' } });
    expect(await versions(name)).toBe('v1 v1 v1 v3 v3 v3');
    expect(await called(name)).toBe(all('v1', 3));
    expect((await uids(name)).filter((uid) => before.includes(uid))).toHaveLength(3);
    await tell('changePlan', { gates: { afterBatch: { bake: '1s' } } });
    await send(name, 'approve', second.waiting?.gate);
    expect(await ended(name)).toMatchObject({ phase: 'succeeded', run, notUndone: [] });
    expect(await versions(name)).toBe(all('v3', 3));
    await settled(name);
    await clean(name, 3);
  });

  it('nobody calls the new pods before the switch; after the time to go back the old ones go; native history has both', async () => {
    await deploy('swap', 4);
    const before = await uids('swap');
    const plan = await world.sluice.plan(validateSpec(beside('swap')));
    expect([plan.mode.used, plan.blueGreen?.services]).toEqual(['BlueGreen', ['swap']]);
    expect(plan.writes.join('\n')).toContain('4 pods, beside');
    await world.start(beside('swap'));
    const waiting = await atGate('swap');
    expect(waiting.batches.map(({ name, state }) => `${name} ${state}`)).toEqual(['green done', 'blue waiting']);
    expect([await versions('swap'), await called('swap')]).toEqual([`${all('v1', 4)} ${all('v2', 4)}`, all('v1', 4)]);
    await send('swap', 'approve', 'before-switch');
    const kept = await afterSwitch('swap');
    expect(kept.text).toContain('rollback is one write');
    expect([await called('swap'), (await uids('swap')).length]).toEqual([all('v2', 4), 8]);
    await send('swap', 'approve', 'after-switch');
    expect(await ended('swap')).toMatchObject({ phase: 'succeeded', progress: { total: 8, done: 8 } });
    expect(await versions('swap')).toBe(all('v2', 4));
    expect((await uids('swap')).filter((uid) => before.includes(uid))).toEqual([]);
    await settled('swap');
    await clean('swap', 4);
    const { entries } = await world.sluice.history(world.target('swap'));
    expect(entries.map(({ native }) => [native?.revision, native?.current])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  it('rolled back before the switch the old pods were never touched', async () => {
    await deploy('early', 3);
    const before = await uids('early');
    await world.start(beside('early'));
    await atGate('early');
    await send('early', 'rollback');
    expect(await ended('early')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await uids('early')).toEqual(before);
    await settled('early');
    await clean('early', 3);
  });

  it('rolled back after the switch the old pods, which stayed, are called again', async () => {
    await deploy('late', 3);
    const before = await uids('late');
    await world.start(beside('late', { gates: { afterGray: { approval: false } } }));
    await afterSwitch('late');
    expect(await called('late')).toBe(all('v2', 3));
    await send('late', 'rollback');
    expect(await ended('late')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await uids('late')).toEqual(before);
    await settled('late');
    await clean('late', 3);
  });

  it('a version that crashes is never called: the old pods were not touched', async () => {
    await deploy('crash', 3);
    const before = await uids('crash');
    const spec = beside('crash', { change: { images: { app: sampleImage('v3-crash') } } });
    await world.start(spec);
    const end = await ended('crash');
    expect(end).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    expect(end.failure?.text).toContain('CrashLoopBackOff');
    expect(await uids('crash')).toEqual(before);
    await settled('crash');
    await clean('crash', 3);
  });

  it('scaled while it waits, before and after the switch: the new pods follow, and are what is left', async () => {
    await deploy('scaled', 3);
    const scale = (replicas: number) =>
      world.kube.patch(deployments, at('scaled'), { spec: { replicas } }, { as: 'merge' });
    await world.start(beside('scaled'));
    await atGate('scaled');
    await scale(5);
    await until(async () => (await versions('scaled')) === `${all('v1', 5)} ${all('v2', 5)}`);
    await send('scaled', 'approve', 'before-switch');
    await afterSwitch('scaled');
    await until(async () => (await called('scaled')) === all('v2', 5));
    await scale(2);
    await until(async () => (await called('scaled')) === all('v2', 2));
    await send('scaled', 'approve', 'after-switch');
    expect(await ended('scaled')).toMatchObject({ phase: 'succeeded' });
    expect(await versions('scaled')).toBe(all('v2', 2));
    await settled('scaled');
    await clean('scaled', 2);
  });

  it('the worker is killed at the gate, at the switch and on the way back: it ends the same', async () => {
    await deploy('killed', 20);
    const before = await uids('killed');
    await world.start(beside('killed'));
    await until(async () => (await versions('killed')).includes('v2'));
    await worker.kill();
    worker = await world.worker();
    await atGate('killed');
    await send('killed', 'approve', 'before-switch');
    await until(async () => (await selector('killed'))?.['pod-template-hash'] !== undefined);
    await worker.kill();
    worker = await world.worker();
    await afterSwitch('killed');
    expect(await called('killed')).toBe(all('v2', 20));
    await send('killed', 'rollback');
    await until(async () => (await called('killed')).includes('v1'));
    await worker.kill();
    worker = await world.worker();
    expect(await ended('killed')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await uids('killed')).toEqual(before);
    await settled('killed');
    await clean('killed', 20);
  });

  it('the preview shows the new version before the switch, and has endpoints before and afterwards', async () => {
    await deploy('seen', 2);
    const { namespace } = world;
    const preview = {
      metadata: { name: 'seen-preview', namespace },
      spec: { selector: { app: 'seen' }, ports: [{ port: 80 }] },
    };
    await world.kube.create(services, { apiVersion: 'v1', kind: 'Service', ...preview }, { namespace });
    const strategy = { mode: 'BlueGreen' as const, blueGreen: { previewService: 'seen-preview', keepOld: '1s' } };
    await world.start(beside('seen', { strategy }));
    await atGate('seen');
    expect([await called('seen'), await called('seen-preview')]).toEqual([all('v1', 2), all('v2', 2)]);
    await send('seen', 'approve', 'before-switch');
    expect(await ended('seen')).toMatchObject({ phase: 'succeeded' });
    await settled('seen');
    await until(async () => (await called('seen-preview')) === all('v2', 2));
    expect(await selector('seen-preview')).toEqual({ app: 'seen' });
  });

  it('a change that is no image, all the way; and an undo of it in the same manner', async () => {
    await deploy('env', 2);
    const change = { template: { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: '1' }] }] } } };
    const strategy = { mode: 'BlueGreen' as const, blueGreen: { keepOld: '0s' } };
    const open = { afterGray: { approval: false as const } };
    await world.start(beside('env', { change, strategy, gates: open }));
    expect(await ended('env')).toMatchObject({ phase: 'succeeded' });
    await settled('env');
    await world.start(beside('env', { change: { revision: 1 }, strategy, gates: open }));
    expect(await ended('env')).toMatchObject({ phase: 'succeeded', version: 'revision 1' });
    await settled('env');
    await clean('env', 2);
    const { spec } = await world.kube.get(deployments, at('env'));
    expect(spec.template.spec?.containers[0]?.env?.some(({ name }) => name === 'LEVEL') ?? false).toBe(false);
    const { entries } = await world.sluice.history(world.target('env'));
    expect(entries.map(({ native }) => native?.revision)).toEqual([3, 2]);
  });
});

describe('somebody else has a hand in it', () => {
  it('who takes our key out of the selector is seen; take-over sets it again', async () => {
    await deploy('taken', 3);
    await world.start(beside('taken', { gates: { afterGray: { approval: false } } }));
    await afterSwitch('taken');
    await world.kube.patch(
      services,
      at('taken'),
      { spec: { selector: { 'pod-template-hash': null } } },
      { as: 'merge' },
    );
    const held = await world.until('taken', ({ waiting }) => waiting?.for === 'hold');
    expect(held.text).toContain('Service taken');
    await send('taken', 'takeOver');
    await afterSwitch('taken');
    await until(async () => (await called('taken')) === all('v2', 3));
    await send('taken', 'approve', 'after-switch');
    expect(await ended('taken')).toMatchObject({ phase: 'succeeded' });
    await settled('taken');
    await clean('taken', 3);
  });

  it('rolled back from there the old pods are called again, and nothing is left', async () => {
    await deploy('torn', 3);
    const before = await uids('torn');
    await world.start(beside('torn', { gates: { afterGray: { approval: false } } }));
    await afterSwitch('torn');
    await world.kube.patch(
      services,
      at('torn'),
      { spec: { selector: { 'pod-template-hash': null } } },
      { as: 'merge' },
    );
    await world.until('torn', ({ waiting }) => waiting?.for === 'hold');
    await send('torn', 'rollback');
    expect(await ended('torn')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await uids('torn')).toEqual(before);
    await settled('torn');
    await clean('torn', 3);
  });

  it('another template of the Deployment is seen before the switch; adopt lets its own controller roll that out', async () => {
    await deploy('other', 3);
    await world.start(beside('other'));
    await atGate('other');
    const template = { spec: { containers: [{ name: 'app', image: sampleImage('v3') }] } };
    await world.kube.patch(deployments, at('other'), { spec: { template } }, { as: 'strategic' });
    await world.until('other', ({ waiting }) => waiting?.for === 'hold');
    await send('other', 'adopt');
    expect(await ended('other')).toMatchObject({ phase: 'handedOver' });
    await until(async () => (await versions('other')) === all('v3', 3));
    await settled('other');
    await clean('other', 3);
  });

  it('a release whose workflow was terminated after the switch is cleaned up by the next one', async () => {
    await deploy('ended', 3);
    await world.start(beside('ended', { gates: { afterGray: { approval: false } } }));
    const { id } = await afterSwitch('ended');
    await world.client.workflow.getHandle(id).terminate('test');
    await world.start(
      world.spec('ended', sampleImage('v2'), { traffic: { through: [{ service: 'ended' }], quiet: '0s' } }),
    );
    expect(await ended('ended')).toMatchObject({ phase: 'succeeded' });
    expect(await versions('ended')).toBe(all('v2', 3));
    await settled('ended');
    await clean('ended', 3);
  });

  it('a rollback while the new pods are still on their way', async () => {
    await deploy('slow', 3);
    const before = await uids('slow');
    const change = { template: { spec: { readinessGates: [{ conditionType: 'sluice.dev/never' }] } } };
    await world.start(beside('slow', { change }));
    await world.until('slow', ({ batches }) => batches[0]?.pods.some(({ state }) => state === 'wait') === true);
    expect(await called('slow')).toBe(all('v1', 3));
    await send('slow', 'rollback');
    expect(await ended('slow')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await uids('slow')).toEqual(before);
    await settled('slow');
    await clean('slow', 3);
  });

  it('the Service is deleted in mid-release: it ends with the old pods, and without the new', async () => {
    await deploy('without', 2);
    const before = await uids('without');
    await world.start(beside('without', { gates: { afterGray: { approval: false } } }));
    await afterSwitch('without');
    await world.kube.remove(services, at('without'));
    expect(await ended('without')).toMatchObject({
      phase: 'rolledBack',
      failure: { code: 'SERVICE_NOT_FOUND' },
      notUndone: [],
    });
    expect(await uids('without')).toEqual(before);
  });

  it('the Deployment is deleted in mid-release: the new pods go with it, and the Service is as it was', async () => {
    await deploy('deleted', 2);
    await world.start(beside('deleted', { gates: { afterGray: { approval: false } } }));
    await afterSwitch('deleted');
    await world.kube.remove(deployments, at('deleted'));
    expect(await ended('deleted')).toMatchObject({
      phase: 'failed',
      failure: { code: 'WORKLOAD_NOT_FOUND' },
      notUndone: [],
    });
    await until(async () => (await uids('deleted')).length === 0);
    const { metadata, spec } = await world.kube.get(services, at('deleted'));
    expect([spec.selector, JSON.stringify([metadata.labels, metadata.annotations])]).toEqual([
      { app: 'deleted' },
      expect.not.stringContaining('sluice.dev/release'),
    ]);
  });
});

describe('no room', () => {
  const quota = (name: string, pods: number) =>
    world.kube.create(
      resourceQuotas,
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name, namespace: world.namespace },
        spec: { hard: { pods: String(pods) } },
      },
      { namespace: world.namespace },
    );
  const hard = (name: string) =>
    until(async () => (await world.kube.get(resourceQuotas, at(name))).status?.hard?.['pods'] !== undefined);
  const free = async (): Promise<number> => {
    const { items } = await world.kube.list(allPods, { namespace: world.namespace });
    return items.length;
  };

  it('is told by the plan where a quota shows it; where it shows later the new pods go, and the old were never touched', async () => {
    await deploy('room', 3);
    const before = await uids('room');
    await quota('tight', (await free()) + 2);
    await hard('tight');
    await expect(world.sluice.plan(validateSpec(beside('room')))).rejects.toMatchObject({
      code: 'NO_ROOM',
      message: expect.stringContaining('ResourceQuota tight lets pods be'),
    });
    await world.kube.patch(resourceQuotas, at('tight'), { spec: { hard: { pods: '999' } } }, { as: 'merge' });
    await until(async () => (await world.kube.get(resourceQuotas, at('tight'))).status?.hard?.['pods'] === '999');
    await world.sluice.start(validateSpec(beside('room')), { initiator: 'test', paused: true });
    await world.until('room', ({ plan, paused }) => plan !== undefined && paused !== undefined);
    await world.kube.patch(
      resourceQuotas,
      at('tight'),
      { spec: { hard: { pods: String((await free()) + 2) } } },
      { as: 'merge' },
    );
    await until(async () => Number((await world.kube.get(resourceQuotas, at('tight'))).status?.hard?.['pods']) < 999);
    await world.sluice.send(world.target('room'), 'resume', { by: 'bob' });
    const end = await ended('room');
    expect(end).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' }, notUndone: [] });
    expect(end.failure?.text).toContain('exceeded quota');
    await world.kube.remove(resourceQuotas, at('tight'));
    expect(await uids('room')).toEqual(before);
    await settled('room');
    await clean('room', 3);
  });
});
