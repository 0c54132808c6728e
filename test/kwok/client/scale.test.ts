import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Problem } from '../../../client/sdk/problem.ts';
import { sampleImage } from '../../../local/sample.ts';
import type { Plan } from '../../../workflows/contract/plan.ts';
import type { ReleaseStatus } from '../../../workflows/contract/status.ts';
import { type Ran, sluice } from '../../client/cli/io.ts';
import { openWorld, type World } from '../../support/world.ts';

/** `sluice scale` as people type it, against a real Temporal, a real API server with its controllers, and a real worker. */

let world: World;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  await world.worker();
});
afterAll(() => world?.close());

function run(...argv: string[]): Promise<Ran> {
  const { TEMPORAL_ADDRESS = '', TEMPORAL_NAMESPACE = '' } = world.env;
  return sluice(argv, { env: { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, SLUICE_CLUSTER: world.cluster, USER: 'anna' } });
}
const on = (name: string): string[] => [`deployment/${name}`, '-n', world.namespace];

async function succeed(ran: Promise<Ran>): Promise<string> {
  const { exit, stdout, stderr } = await ran;
  expect({ exit, text: exit === 0 ? '' : stdout + stderr }).toEqual({ exit: 0, text: '' });
  return stdout + stderr;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what the command prints
async function json<T>(...argv: string[]): Promise<T> {
  return JSON.parse((await run(...argv, '-o', 'json')).stdout) as T;
}

test('a scale is planned, started, approved, listed and kept like a release; the next release knows nothing of it', async () => {
  const name = 'shop';
  await world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas: 5 });
  const image = ['--image', `app=${sampleImage('v2')}`];
  await succeed(run('release', ...on(name), ...image, '--batch-count', '1', '--yes', '--wait', '--service', name));
  const before = await world.pods(name);

  const how = [...on(name), '--to', '2', '--batches', '1,2', '--service', name, '--quiet-period', '0s'];
  const plan = await json<Plan>('scale', ...how, '--dry-run');
  expect(plan.batches.map(({ pods }) => pods.length)).toEqual([1, 2]);
  const shown = await succeed(run('scale', ...how, '--dry-run'));
  expect(shown).toMatch(/shop {2}5 pods → 2 pods/);
  expect(shown).toMatch(/pods +5 now, 3 fewer in 2 batches/);
  expect(shown).toContain(`Set the number of deployment/${name} to 4, then 2.`);
  expect(await world.pods(name)).toEqual(before);

  const started = await succeed(run('scale', ...how, '--approval'));
  expect(started).toContain('Scaling deployment/shop from 5 to 2 pods in 2 batches');
  await world.until(name, ({ waiting }) => waiting?.for === 'approval');
  expect((await run('status', ...on(name))).stdout).toContain('5 pods → 2 pods');
  const busy = await json<Problem>('release', ...on(name), ...image);
  expect(busy).toMatchObject({ code: 'RELEASE_EXISTS', detail: expect.stringContaining('being scaled to 2 pods') });
  await succeed(run('approve', ...on(name)));
  await world.until(name, ({ waiting }) => waiting?.gate === 'after-batch-2');
  await succeed(run('approve', ...on(name), '--wait'));
  const status = await json<ReleaseStatus>('status', ...on(name));
  expect(status).toMatchObject({ phase: 'succeeded', scale: { from: 5, to: 2 }, text: 'Scaled from 5 to 2 pods.' });
  const going = new Set(plan.batches.flatMap(({ pods }) => pods.map((pod) => pod.name)));
  expect([...(await world.pods(name)).keys()]).toEqual([...before.keys()].filter((pod) => !going.has(pod)));

  expect((await run('list', '-n', world.namespace)).stdout).toMatch(/deployment\/shop .* 2 pods +succeeded/);
  expect((await run('history', ...on(name))).stdout).toMatch(/5 pods → 2 pods/);
  // The manner of the last release, not of the scale.
  const undo = await json<Plan>('undo', ...on(name), '--dry-run');
  expect(undo.traffic.through).toEqual([{ service: name }]);
});

test('what cannot be is told before anything is touched', async () => {
  const name = 'still';
  await world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas: 2 });
  const same = await json<Problem>('scale', ...on(name), '--to', '2');
  expect(same).toMatchObject({ code: 'REPLICAS_UNCHANGED', detail: 'deployment/still is asked for 2 pods already.' });
  const none = await json<Problem>('scale', ...on(name), '--to', '0');
  expect(none).toMatchObject({ code: 'SPEC_INVALID', detail: expect.stringContaining('--allow-zero') });
  const select = await json<Problem>('scale', ...on(name), '--to', '1', '--select-pod', 'nobody');
  expect(select).toMatchObject({ code: 'SPEC_INVALID', detail: expect.stringContaining('found nobody') });
  const gone = await run('scale', 'deployment/nothing', '-n', world.namespace, '--to', '1');
  expect({ exit: gone.exit, told: gone.stderr.includes('WORKLOAD_NOT_FOUND') }).toEqual({ exit: 2, told: true });
  expect((await world.pods(name)).size).toBe(2);
});
