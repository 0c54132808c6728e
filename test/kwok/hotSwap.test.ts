import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { deployments, pods } from '../../activities/kubernetes/resources.ts';
import { sampleImage } from '../../local/sample.ts';
import { releaseId } from '../../workflows/contract/names.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { hasComeTo } from '../durability/points.ts';
import { type KillPoint, openWorld, until, type World } from '../support/world.ts';
import { afterGray, swapsIn } from './support/swaps.ts';

/** Pairs of containers whose roles swap: real Temporal, API server, controllers and worker. Nothing is handed over here. */

let world: World;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-swap-'));
  world = await openWorld(inject('stack').stateDir);
});
afterAll(async () => {
  await world?.close();
  await rm(directory, { recursive: true });
});

const { deploy, spec, ended, atGate, pairs, uids, noted } = swapsIn(() => world);
const scale = async (name: string, replicas: number): Promise<void> => {
  const at = { namespace: world.namespace, name };
  await world.kube.patch(deployments, at, { spec: { replicas } }, { as: 'merge' });
  await until(async () => [...(await world.pods(name)).values()].filter(({ ready }) => ready).length === replicas);
};

it('v1 → v2 → v3: the roles swap each time; pods born before, during and after run the version exactly once', async () => {
  const worker = await world.worker();
  const name = 'swap';
  await deploy(name, 3);
  const before = await uids(name);
  await world.start(spec(name, 'v2', afterGray));
  await atGate(name);
  expect(await pairs(name)).toEqual(['empty v2 1 1', 'v1 empty 0 0', 'v1 empty 0 0']);
  await scale(name, 4);
  await world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: 'after-gray' });
  expect(await ended(name)).toMatchObject({ phase: 'succeeded', notUndone: [] });
  expect(await pairs(name)).toEqual(Array(4).fill('empty v2 1 1'));
  expect(await noted(name)).toEqual(Array(4).fill('app-2'));
  expect(await uids(name)).toEqual(expect.arrayContaining(before));
  await scale(name, 5);
  expect(await pairs(name)).toEqual(['empty v2 0 0', ...Array(4).fill('empty v2 1 1')]);

  await world.start(spec(name, 'v3'));
  expect(await ended(name)).toMatchObject({ phase: 'succeeded', version: 'v3', fromVersion: 'v2' });
  expect(await pairs(name)).toEqual(['v3 empty 1 1', ...Array(4).fill('v3 empty 2 2')]);
  expect(await world.traces(name)).toEqual([]);
  await worker.stop();
});

it('a rollback from a gate and from between the two writes puts back exactly what was in both', async () => {
  const worker = await world.worker();
  for (const name of ['gated', 'between']) await deploy(name, 3);
  const before = new Map([
    ['gated', await uids('gated')],
    ['between', await uids('between')],
  ]);
  await world.start(spec('gated', 'v2', afterGray));
  // One that never gets ready stands between the two writes: the old one is still real.
  const patient = { ...spec('between', 'v4-notready').strategy, readyTimeout: '10m' };
  await world.start(spec('between', 'v4-notready', { strategy: patient }));
  await atGate('gated');
  await until(async () => (await pairs('between'))[2] === 'v1 v4 0 1');
  for (const name of before.keys()) {
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'not today' });
    expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await uids(name)).toEqual(before.get(name));
    expect(await world.traces(name)).toEqual([]);
  }
  expect(await pairs('gated')).toEqual(['v1 empty 0 0', 'v1 empty 0 0', 'v1 empty 2 2']);
  expect(await pairs('between')).toEqual(['v1 empty 0 0', 'v1 empty 0 0', 'v1 empty 0 2']);
  expect(await noted('between')).toEqual(['-', '-', 'app']);
  await worker.stop();
});

it('a pod with its roles the other way round keeps them, also when it is taken back', async () => {
  const worker = await world.worker();
  const name = 'turned';
  await deploy(name, 2);
  const [turned = ''] = (await world.pods(name)).keys();
  const containers = [
    { name: 'app', image: sampleImage('empty') },
    { name: 'app-2', image: sampleImage('v1') },
  ];
  await world.kube.patch(
    pods,
    { namespace: world.namespace, name: turned },
    { spec: { containers } },
    { as: 'strategic' },
  );
  const isTurned = async () => (await pairs(name))[0] === 'empty v1 1 1';
  await until(isTurned);
  await world.start(spec(name, 'v2', { gates: { afterBatch: { approval: {} }, afterGray: { approval: false } } }));
  await atGate(name);
  const { batches } = await world.sluice.status(world.target(name));
  for (const { name: batch } of batches.slice(1, -1)) {
    await world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: `after-${batch}` });
  }
  await until(async () => (await pairs(name)).join() === 'empty v2 1 1,v2 empty 2 2');
  await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'not today' });
  expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
  expect(await pairs(name)).toEqual(['empty v1 3 3', 'v1 empty 2 2']);
  await worker.stop();
});

it('a newer version between two groups: connections go back first, and no pod has both versions on its way', async () => {
  const worker = await world.worker();
  const name = 'newer';
  await deploy(name, 3);
  const before = await uids(name);
  await world.start(spec(name, 'v2', afterGray));
  const first = await atGate(name);
  const { begun, text } = await world.sluice.supersede(validateSpec(spec(name, 'v3', afterGray)), { initiator: 'bob' });
  expect(text).toContain('everyone goes back to v1 first');
  const { run } = await begun(AbortSignal.timeout(120_000));
  const second = await world.until(name, (status) => status.run === run && status.waiting?.for === 'approval');
  expect(second).toMatchObject({ version: 'v3', fromVersion: 'v1', supersedes: { run: first.run, version: 'v2' } });
  expect((await pairs(name)).filter((pair) => pair.includes('v3'))).toHaveLength(1);
  expect((await pairs(name)).join()).not.toContain('v2');
  await world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: 'after-gray' });
  expect(await ended(name)).toMatchObject({ phase: 'succeeded', run, notUndone: [] });
  expect((await pairs(name)).map((pair) => pair.slice(0, 8))).toEqual(Array(3).fill('empty v3'));
  expect(await uids(name)).toEqual(before);
  expect(await world.traces(name)).toEqual([]);
  await worker.stop();
});

it('in the hands of an operator at the gate: who dies has the roles of the template; taken back, each pod swaps once', async () => {
  const worker = await world.worker();
  const name = 'lent';
  await deploy(name, 3);
  const strategy = { gray: { pods: 2 } };
  await world.start(spec(name, 'v2', { ...afterGray, strategy }));
  await atGate(name);
  expect(await pairs(name)).toEqual(['empty v2 1 1', 'empty v2 1 1', 'v1 empty 0 0']);
  await world.sluice.send(world.target(name), 'handOver', { by: 'anna', reason: 'the disks' });
  await world.until(name, ({ phase, operator }) => phase === 'manual' && operator?.since !== undefined);
  expect(await world.traces(name)).toEqual([]);
  const before = await world.pods(name);
  const [gray = ''] = [...before].find(([, { containers }]) => containers['app-2']?.image === sampleImage('v2')) ?? [];
  await world.kube.remove(pods, { namespace: world.namespace, name: gray });
  await until(async () => {
    const now = await world.pods(name);
    return now.size === 3 && !now.has(gray) && [...now.values()].every(({ ready }) => ready);
  });
  expect(await pairs(name)).toEqual(['empty v2 1 1', 'v1 empty 0 0', 'v1 empty 0 0']);
  await world.sluice.send(world.target(name), 'takeBack', { by: 'bob' });
  await world.until(name, ({ waiting, operator }) => waiting?.for === 'approval' && operator === undefined);
  await world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: 'after-gray' });
  expect(await ended(name)).toMatchObject({ phase: 'succeeded', notUndone: [] });
  expect([await pairs(name), await noted(name)]).toEqual([Array(3).fill('empty v2 1 1'), Array(3).fill('app-2')]);
  expect(await world.traces(name)).toEqual([]);
  await worker.stop();
});

it('its worker is killed after each of the two writes', async () => {
  const kills: Readonly<Record<string, KillPoint>> = {
    first: { point: 'patch › patch pods: images', when: 'after', nth: 1 },
    second: { point: 'patch › patch pods: images', when: 'after', nth: 2 },
  };
  const names = Object.keys(kills);
  for (const name of names) await deploy(name, 1);
  const before = new Map(await Promise.all(names.map(async (name) => [name, await uids(name)] as const)));
  const points = join(directory, 'points');
  const mortal = await world.worker({ points, kills });
  for (const name of names) await world.start(spec(name, 'v2'));
  for (const [name, point] of Object.entries(kills)) await until(() => hasComeTo(points, name, point), 120_000);
  await mortal.kill();
  const next = await world.worker();
  for (const name of names) {
    expect(await ended(name)).toMatchObject({ phase: 'succeeded', progress: { total: 1, done: 1 } });
    expect(await pairs(name)).toEqual(['empty v2 1 1']);
    expect(await uids(name)).toEqual(before.get(name));
    expect(await world.traces(name)).toEqual([]);
  }
  await next.stop();
});

it('its worker is killed after each write of a rollback from between the two: the old one starts anew, and serves', async () => {
  const write: Omit<KillPoint, 'nth'> = { point: 'patch › patch pods: images', when: 'after' };
  const between: KillPoint = { ...write, nth: 1 };
  // What is said below of the second worker: it empties the old one, starts it anew, and empties the new one.
  const steps = ['clear', 'back', 'emptied'];
  const kills = Object.fromEntries(steps.map((name, index) => [name, { ...write, nth: index + 1 }]));
  for (const name of steps) await deploy(name, 1);
  const before = new Map(await Promise.all(steps.map(async (name) => [name, await uids(name)] as const)));
  const [forward, back] = [join(directory, 'forward'), join(directory, 'back')];
  const first = await world.worker({
    points: forward,
    kills: Object.fromEntries(steps.map((name) => [name, between])),
  });
  for (const name of steps) await world.start(spec(name, 'v2'));
  for (const name of steps) await until(() => hasComeTo(forward, name, between), 120_000);
  await first.kill();
  // Before anybody takes up what the dead one left, however long the next one takes to start.
  for (const name of steps) {
    const handle = world.client.workflow.getHandle(releaseId(world.target(name)));
    await handle.signal('rollback', { by: 'carol', reason: 'not today' });
  }
  const second = await world.worker({ points: back, kills });
  for (const [name, point] of Object.entries(kills)) await until(() => hasComeTo(back, name, point), 120_000);
  await second.kill();
  const third = await world.worker();
  for (const name of steps) {
    expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await pairs(name)).toEqual(['v1 empty 2 2']);
    expect(await noted(name)).toEqual(['app']);
    expect(await uids(name)).toEqual(before.get(name));
    expect(await world.traces(name)).toEqual([]);
  }
  await third.stop();
});
