import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { pods } from '../../activities/kubernetes/resources.ts';
import { isApart } from '../../activities/kubernetes/surplus.ts';
import type { Pod } from '../../activities/kubernetes/wire.ts';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { watching } from '../support/watching.ts';
import { openWorld, until, type WorkerProcess, type World } from '../support/world.ts';
import { approval, releasesIn } from './support/releases.ts';

/** Pods that are made anew, the new ones first: real Temporal, API server, controllers and worker. */

let world: World;
let worker: WorkerProcess;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  worker = await world.worker();
});
afterAll(() => world?.close());

const { deploy, ended, atGate, clean, callable } = releasesIn(() => world);
const send = (name: string, message: 'approve' | 'rollback') =>
  world.sluice.send(world.target(name), message, { by: 'bob', gate: 'after-gray' });
const spec = (name: string, maxSurge: number | string, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput => ({
  ...world.spec(name, sampleImage('v1'), { traffic: { through: [{ service: name }], quiet: '0s' } }),
  change: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: '1' }] }] } } },
  strategy: { batches: { count: 2 }, maxSurge },
  gates: { afterGray: { approval: false } },
  ...change,
});
const list = async (name: string): Promise<readonly Pod[]> => {
  const { items } = await world.kube.list(pods, { namespace: world.namespace, labelSelector: `app=${name}` });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
};
const levelOf = ({ spec: { containers } }: Pod): string =>
  containers[0]?.env?.find((entry) => entry.name === 'LEVEL')?.value ?? '-';
const levels = async (name: string): Promise<string> => (await list(name)).map(levelOf).toSorted().join(' ');

/** The fewest pods that callers were sent to meanwhile, and the most that there were. */
function watch(name: string): () => Promise<{ readonly fewest: number; readonly most: number }> {
  const stop = watching(async () => [await callable(name), (await list(name)).length] as const);
  return async () => {
    const seen = await stop();
    return { fewest: Math.min(...seen.map(([called]) => called)), most: Math.max(...seen.map(([, there]) => there)) };
  };
}

it('a hundred pods, the worker killed twice on the way: never fewer than a hundred are called, never more than ten beside', async () => {
  await deploy('many', 100);
  const before = new Set((await list('many')).map(({ metadata }) => metadata.uid));
  const plan = await world.sluice.plan(validateSpec(spec('many', '10%')));
  expect(plan).toMatchObject({ mode: { used: 'Recreate' }, surge: 10 });
  const stop = watch('many');
  await world.start(spec('many', '10%'));
  const isNew = async () => (await levels('many')).split(' ').filter((level) => level === '1').length;
  for (const count of [15, 60]) {
    await until(async () => (await isNew()) >= count);
    await worker.kill();
    worker = await world.worker();
  }
  expect(await ended('many')).toMatchObject({ phase: 'succeeded', progress: { total: 100, done: 100, failed: 0 } });
  const { fewest, most } = await stop();
  expect(fewest).toBeGreaterThanOrEqual(100);
  expect(most).toBeGreaterThan(100);
  expect(most).toBeLessThanOrEqual(110);
  const after = await list('many');
  expect([after.length, new Set(after.map(levelOf))]).toEqual([100, new Set(['1'])]);
  expect(after.filter(({ metadata }) => before.has(metadata.uid))).toEqual([]);
  await clean('many', 100);
});

it('a rollback in the middle of a batch, and one at a gate: the old version again, nobody is left apart', async () => {
  for (const [name, when] of [
    ['batch', (status: { batches: readonly { state: string }[] }) => status.batches[1]?.state === 'running'],
    ['gate', (status: { waiting?: { for: string } }) => status.waiting?.for === 'approval'],
  ] as const) {
    await deploy(name, 8);
    const stop = watch(name);
    await world.start(spec(name, 3, name === 'gate' ? { gates: approval } : {}));
    await world.until(name, when);
    await send(name, 'rollback');
    expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect((await stop()).fewest).toBeGreaterThanOrEqual(8);
    await until(async () => (await levels(name)) === '- - - - - - - -');
    expect((await list(name)).some(isApart)).toBe(false);
    await clean(name, 8);
  }
});

it('a version that never gets ready takes no old pod away, and goes', async () => {
  await deploy('broken', 4);
  const before = new Set((await list('broken')).map(({ metadata }) => metadata.uid));
  const stop = watch('broken');
  const change = {
    change: { images: { app: sampleImage('v3-crash') } },
    strategy: { mode: 'Recreate' as const, maxSurge: 2 },
  };
  await world.start(spec('broken', 2, change));
  expect(await ended('broken')).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' }, notUndone: [] });
  expect((await stop()).fewest).toBeGreaterThanOrEqual(4);
  const after = (await list('broken')).map(({ metadata }) => metadata.uid);
  expect(after.filter((uid) => before.has(uid))).toHaveLength(3);
  await clean('broken', 4);
});

it('a newborn that dies at the gate is born old, and done again', async () => {
  await deploy('dies', 4);
  await world.start(spec('dies', 2, { gates: approval }));
  await atGate('dies');
  const gray = (await list('dies')).find((pod) => levelOf(pod) === '1');
  await world.kube.remove(pods, { namespace: world.namespace, name: gray?.metadata.name ?? '' });
  await until(async () => (await levels('dies')) === '- - - -');
  await send('dies', 'approve');
  expect(await ended('dies')).toMatchObject({ phase: 'succeeded' });
  expect(await levels('dies')).toBe('1 1 1 1');
  await clean('dies', 4);
});
