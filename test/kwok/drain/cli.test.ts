import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { endpointSlices, pods } from '../../../activities/kubernetes/resources.ts';
import { endpointsOf } from '../../../activities/traffic/endpointView.ts';
import type { Problem } from '../../../client/sdk/problem.ts';
import type { TrafficView } from '../../../client/sdk/traffic.ts';
import { sampleImage } from '../../../local/sample.ts';
import { releaseId } from '../../../workflows/contract/names.ts';
import type { Plan } from '../../../workflows/contract/plan.ts';
import type { ReleaseStatus } from '../../../workflows/contract/status.ts';
import { type Ran, sluice } from '../../client/cli/io.ts';
import { openWorld, until, type World } from '../../support/world.ts';

/** `sluice drain`, `restore` and `traffic` as people type them, against a real Temporal, API server and worker. */

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

async function callable(name: string): Promise<number> {
  const labelSelector = `kubernetes.io/service-name=${name}`;
  const { items } = await world.kube.list(endpointSlices, { namespace: world.namespace, labelSelector });
  return endpointsOf(items).ready;
}

test('a pod is taken out, shown, and put back; it is the same pod, and the next release knows nothing of it', async () => {
  const name = 'shop';
  await world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas: 3 });
  const [first = ''] = (await world.pods(name)).keys();
  const nothing = await json<Problem>('drain', ...on(name), '--pod', first);
  expect(nothing).toMatchObject({ code: 'USAGE', detail: expect.stringContaining('no release of it is known') });
  const image = ['--image', `app=${sampleImage('v2')}`];
  const quick = ['--batch-count', '1', '--yes', '--wait', '--service', name, '--quiet-period', '0s'];
  await succeed(run('release', ...on(name), ...image, ...quick));
  const before = await world.pods(name);

  // The way out of traffic is that of the release.
  const plan = await json<Plan>('drain', ...on(name), '--pod', first, '--dry-run');
  expect(plan).toMatchObject({ drain: {}, traffic: { through: [{ service: name }], quietMs: 0 } });
  const shown = await succeed(run('drain', ...on(name), '--pod', first, '--dry-run'));
  expect(shown).toMatch(/shop {2}in traffic → 1 pod out/);
  const unknown = await json<Problem>('drain', ...on(name), '--pod', `${first}x`, '--dry-run');
  expect(unknown).toMatchObject({ code: 'PODS_NOT_FOUND', next: `Did you mean ${first}?` });

  const out = await succeed(run('drain', ...on(name), '--pod', first, '--wait', '--reason', 'heap dump'));
  expect(out).toContain(`sluice restore deployment/shop -n ${world.namespace}`);
  expect(await callable(name)).toBe(2);
  const busy = await json<Problem>('release', ...on(name), ...image);
  expect(busy).toMatchObject({
    code: 'RELEASE_EXISTS',
    detail: expect.stringContaining(`has pods taken out of traffic by anna. Out of traffic since`),
    next: expect.stringContaining('sluice restore deployment/shop'),
  });
  const traffic = await json<TrafficView>('traffic', ...on(name));
  expect(traffic.sources).toEqual([`service ${name}`]);
  expect(traffic.pods.map(({ name: pod, stands }) => [pod, stands[0]?.is])).toEqual(
    [...before.keys()].toSorted().map((pod) => [pod, pod === first ? 'taken' : 'in']),
  );
  expect(traffic).toMatchObject({ findings: [], running: { initiator: 'anna', drain: true } });
  expect((await run('list', '-n', world.namespace, '--running')).stdout).toMatch(/deployment\/shop .* 1 pod out/);

  await succeed(run('restore', ...on(name), '--wait'));
  expect(await world.pods(name)).toEqual(before);
  expect(await callable(name)).toBe(3);
  const status = await json<ReleaseStatus>('status', ...on(name));
  expect(status).toMatchObject({ phase: 'succeeded', drain: true, text: `Back in traffic: ${first}.` });
  expect((await run('history', ...on(name))).stdout).toMatch(/in traffic → 1 pod out/);
  const undo = await json<Plan>('undo', ...on(name), '--dry-run');
  expect(undo.traffic.through).toEqual([{ service: name }]);
  // Nothing is out: there is nothing to put back, and that is said.
  await succeed(run('restore', ...on(name), '--wait'));
  expect(await world.pods(name)).toEqual(before);
});

test('`traffic` finds who was left out by a drain that was terminated, and by others, with what mends it', async () => {
  const name = 'left';
  await world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas: 3 });
  const [first = '', second = ''] = [...(await world.pods(name)).keys()].toSorted();
  const how = ['--service', name, '--quiet-period', '0s'];
  await succeed(run('drain', ...on(name), '--pod', first, ...how, '--wait'));
  await world.client.workflow.getHandle(releaseId(world.target(name))).terminate('by hand');
  const body = { metadata: { labels: { 'sluice.dev/serving': 'false' } } };
  await world.kube.patch(pods, { namespace: world.namespace, name: second }, body, { as: 'merge' });
  await until(async () => (await callable(name)) === 1);
  const { findings } = await json<TrafficView>('traffic', ...on(name));
  expect(findings.map(({ pod, is }) => [pod, is])).toEqual([
    [first, 'left'],
    [second, 'disabled'],
  ]);
  const shown = await succeed(run('traffic', ...on(name)));
  expect(shown).toContain(`sluice restore deployment/left -n ${world.namespace}`);
  expect(shown).toContain(`kubectl label pod ${second}`);
  await succeed(run('restore', ...on(name), '--service', name, '--wait'));
  await until(async () => (await callable(name)) === 3);
  expect(await json<TrafficView>('traffic', ...on(name))).toMatchObject({ findings: [], openServices: [] });
  expect(await world.traces(name)).toEqual([]);
});
