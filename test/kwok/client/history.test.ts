import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { historyMapName, readRecords, writeRecord } from '../../../activities/history/store.ts';
import { configMaps, deployments } from '../../../activities/kubernetes/resources.ts';
import { connect } from '../../../client/sdk/connect.ts';
import type { History } from '../../../client/sdk/history.ts';
import type { Problem } from '../../../client/sdk/problem.ts';
import { temporalSettings } from '../../../client/sdk/settings.ts';
import type { LiveStatus } from '../../../client/sdk/status.ts';
import { type SampleTag, sampleImage } from '../../../local/sample.ts';
import { releaseId } from '../../../workflows/contract/names.ts';
import type { Plan } from '../../../workflows/contract/plan.ts';
import { later, record } from '../../activities/history/records.ts';
import { type Ran, sluice } from '../../client/cli/io.ts';
import { openWorld, until, type World } from '../../support/world.ts';

/** history, undo and retry against a real Temporal, a real API server with its Deployment controller, and a real worker. */

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
const quick = ['--batch-count', '1', '--max-unavailable', '100%', '--wait'];
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what the command prints
const json = <T>(ran: Ran): T => JSON.parse(ran.stdout) as T;
const historyOf = async (name: string): Promise<History> =>
  json<History>(await run('history', ...on(name), '-o', 'json'));
const at = (name: string) => ({ namespace: world.namespace, name });

const deploy = (name: string, replicas = 3): Promise<void> =>
  world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas });

async function release(name: string, tag: SampleTag, ...flags: string[]): Promise<Ran> {
  return run('release', ...on(name), '--image', `app=${sampleImage(tag)}`, ...quick, ...flags);
}
async function succeed(ran: Ran | Promise<Ran>): Promise<void> {
  const { exit, stdout, stderr } = await ran;
  expect({ exit, text: exit === 0 ? '' : stdout + stderr }).toEqual({ exit: 0, text: '' });
}

/** What a refused command says, and with which code. */
async function refused(...argv: string[]): Promise<{ exit: number; problem: Problem }> {
  const ran = await run(...argv, '-o', 'json');
  return { exit: ran.exit, problem: json<Problem>(ran) };
}

/** Somebody else rolls out another image, as `kubectl set image` does, and it is through. */
async function rollOut(name: string, tag: SampleTag, cause: string): Promise<void> {
  const body = {
    metadata: { annotations: { 'kubernetes.io/change-cause': cause } },
    spec: { template: { spec: { containers: [{ name: 'app', image: sampleImage(tag) }] } } },
  };
  const { metadata } = await world.kube.patch(deployments, at(name), body, { as: 'strategic' });
  await until(async () => {
    const { spec, status } = await world.kube.get(deployments, at(name));
    const { observedGeneration = 0, updatedReplicas, availableReplicas, replicas } = status ?? {};
    const all = [updatedReplicas, availableReplicas, replicas].every((count) => count === spec.replicas);
    return all && observedGeneration >= (metadata.generation ?? 0);
  });
}

async function temporalForgets(name: string): Promise<void> {
  const namespace = world.env['TEMPORAL_NAMESPACE'] ?? '';
  const connection = await connect(await temporalSettings({ env: world.env }), 10_000);
  const client = new Client({ connection, namespace });
  const workflowId = releaseId(world.target(name));
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } });
  }
  await until(async () => {
    const code = await world.sluice.status(world.target(name)).then(
      () => '',
      (error: unknown) => (error as { code?: string }).code ?? '',
    );
    return code === 'RELEASE_NOT_FOUND';
  });
  await connection.close();
}

describe('history', () => {
  test('joins revisions of Sluice and of others with who, how and how long; it outlives Temporal’s retention', async () => {
    const name = 'shop';
    await deploy(name);
    const gated = await run('release', ...on(name), '--image', `app=${sampleImage('v2')}`, '--batch-count', '1');
    await succeed(gated);
    await world.until(name, ({ waiting }) => waiting?.for === 'approval');
    const during = await run('history', ...on(name));
    expect(during.stdout).toMatch(/v1 → v2 .* anna {3}gate .* after-gray waits for approval/);
    await succeed(run('approve', ...on(name), '--by', 'ben', '--wait'));
    expect((await release(name, 'v3-crash', '--yes')).exit).toBe(4);
    await rollOut(name, 'v2-again', 'kubectl set image');
    await succeed(release(name, 'v1', '--yes'));

    const { entries, running } = await historyOf(name);
    expect(running).toBeUndefined();
    expect(entries.map(({ native, record: kept }) => [native?.revision, kept?.version, kept?.phase])).toEqual([
      [4, 'v1', 'succeeded'],
      [3, undefined, undefined],
      [undefined, 'v3-crash', 'rolledBack'],
      [2, 'v2', 'succeeded'],
    ]);
    const [newest, others, , second] = entries;
    expect(newest).toMatchObject({ native: { current: true, revision: 4 }, record: { revision: 4 } });
    expect(others?.native).toMatchObject({ cause: 'kubectl set image', images: { app: sampleImage('v2-again') } });
    expect(second?.record).toMatchObject({
      initiator: 'anna',
      gates: [{ id: 'after-gray', approvals: [{ by: 'ben', verified: false }] }],
      batches: [
        { name: 'gray', state: 'done', pods: 1, failed: 0 },
        { name: 'batch-1', state: 'done', pods: 2, failed: 0 },
      ],
      spec: { strategy: { maxUnavailable: '25%' } },
    });
    expect(second?.record?.gates[0]?.waitedMs.approval).toBeGreaterThan(0);
    expect(second?.record?.batches.every(({ seconds = 0 }) => seconds > 0)).toBe(true);

    const map = await world.kube.get(configMaps, at(historyMapName(world.target(name))));
    const { uid } = (await world.kube.get(deployments, at(name))).metadata;
    expect(map.metadata).toMatchObject({
      labels: { 'app.kubernetes.io/managed-by': 'sluice' },
      ownerReferences: [{ kind: 'Deployment', name, uid }],
    });
    expect(await world.traces(name)).toEqual([]);

    await temporalForgets(name);
    expect((await historyOf(name)).entries).toEqual(entries);
    const table = await run('history', ...on(name));
    expect(table.stdout).toMatch(/▸ 4 +v2-again → v1 .* anna +✓ succeeded/);
    expect(table.stdout).toMatch(/ 3 +v2-again .* by others +kubectl set image/);
    expect(table.stdout).toMatch(/v2 → v3-crash .* rolled back .*crash/i);
    const one = await run('history', ...on(name), '--revision', '2');
    expect(one.stdout).toMatch(/after-gray .* ben \(unverified\)/);
    expect((await refused('history', ...on(name), '--revision', '9')).problem).toMatchObject({
      code: 'REVISION_NOT_FOUND',
      revisions: [4, 3, 2],
    });
  });

  test('goes with its workload', async () => {
    const name = 'gone';
    await deploy(name, 1);
    await succeed(release(name, 'v2', '--yes'));
    const mapName = historyMapName(world.target(name));
    expect(await world.kube.find(configMaps, at(mapName))).toBeDefined();
    await world.kube.remove(deployments, at(name));
    await until(async () => (await world.kube.find(configMaps, at(mapName))) === undefined);
  });

  test('of a workload without a release: its native revisions; of none: not found', async () => {
    await deploy('plain', 1);
    expect((await historyOf('plain')).entries).toMatchObject([{ native: { revision: 1, current: true } }]);
    expect((await refused('history', ...on('nope'))).problem.code).toBe('WORKLOAD_NOT_FOUND');
  });

  test.each([0, 1, 2])(
    'revisionHistoryLimit: %i: exactly so many earlier revisions; releases whose revision went stay',
    async (limit) => {
      const name = `limit-${limit}`;
      await deploy(name, 1);
      await world.kube.patch(deployments, at(name), { spec: { revisionHistoryLimit: limit } }, { as: 'merge' });
      const drained = ['--service', name, '--quiet-period', '0s'];
      for (const tag of ['v2', 'v1', 'v2-again', 'v2'] as const) await succeed(release(name, tag, '--yes', ...drained));
      const kept = async () => (await historyOf(name)).entries.flatMap(({ native }) => native ?? []);
      await until(async () => (await kept()).length <= limit + 1);
      expect((await kept()).map(({ revision }) => revision)).toEqual([5, 4, 3].slice(0, limit + 1));
      const versions = (await historyOf(name)).entries.map(({ record: one }) => one?.version);
      expect(versions).toEqual(expect.arrayContaining(['v2', 'v2-again', 'v1', 'v2']));
      const undone = await refused('undo', ...on(name), ...quick);
      expect(undone.problem).toMatchObject(limit > 0 ? { phase: 'succeeded' } : { code: 'REVISION_NOT_FOUND' });
    },
  );
});

describe('undo', () => {
  test('scenarios 11, 14: within the window at once, in place, to the very template; outside it the gates wait', async () => {
    const name = 'undo';
    await deploy(name);
    const before = await world.pods(name);
    const gates = ['--batch-count', '1', '--bake', '1s'];
    for (const tag of ['v2', 'v2-again'] as const) await succeed(release(name, tag, '--yes'));
    await succeed(run('release', ...on(name), '--image', `app=${sampleImage('v1')}`, ...gates));
    await world.until(name, ({ waiting }) => waiting?.for === 'approval');
    await succeed(run('approve', ...on(name), '--wait'));

    // One back: the gates of the last spec (bake 1s, approval) do not hold it up.
    await succeed(run('undo', ...on(name), '--wait', '--reason', 'customers complain'));
    const after = await world.pods(name);
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [pod, facts] of after) {
      expect(facts).toMatchObject({ uid: before.get(pod)?.uid, image: sampleImage('v2-again'), ready: true });
    }
    const { entries } = await historyOf(name);
    expect(entries[0]).toMatchObject({
      native: { revision: 5, current: true },
      record: { reason: 'undo to revision 3: customers complain', gates: [] },
    });
    // As after a native undo: a version that came back has moved (1 is 4 now, 3 is 5), it is not there twice.
    expect(entries.flatMap(({ native }) => native?.revision ?? [])).toEqual([5, 4, 2]);

    // Two back: outside the window of 1.
    const far = await run('undo', ...on(name), '--to-revision', '2');
    await succeed(far);
    await world.until(name, ({ waiting }) => waiting?.for === 'approval');
    await succeed(run('approve', ...on(name), '--wait'));
    expect(new Set([...(await world.pods(name)).values()].map(({ image }) => image))).toEqual(
      new Set([sampleImage('v2')]),
    );
    expect(await world.traces(name)).toEqual([]);
  });

  test('goes the other way through the order of containers; waits for an approval where a flag asks for one', async () => {
    const name = 'order';
    await world.deploy({ name, image: sampleImage('v1'), proxy: sampleImage('v1'), runtime: 'kwok', replicas: 2 });
    const proxy = ['--image', `proxy=${sampleImage('v2')}`, '--order', 'proxy,app'];
    await succeed(release(name, 'v2', '--yes', ...proxy));
    const planned = async (...flags: string[]) =>
      json<Plan>(await run('undo', ...on(name), '--dry-run', '-o', 'json', ...flags));
    const { change, batches } = await planned();
    expect(change).toMatchObject({ to: { app: sampleImage('v1') }, order: [['app'], ['proxy']] });
    expect(batches[0]?.gate).not.toHaveProperty('approval');
    expect((await planned('--approval')).batches[0]?.gate).toMatchObject({ approval: { required: 1 } });
    await succeed(run('undo', ...on(name), '--wait'));
    const containers = [...(await world.pods(name)).values()].map((pod) => pod.containers);
    const back = { image: sampleImage('v1'), restarts: 2 };
    for (const one of containers) expect(one).toMatchObject({ app: back, proxy: back });
  });

  test('scenario 11: after blue/green in place, through the Service that was switched; with its mode or outside the window beside', async () => {
    const name = 'beside';
    await deploy(name, 2);
    await succeed(release(name, 'v2', '--yes', '--mode', 'BlueGreen', '--keep-old', '0s'));
    const pods = async () =>
      [...(await world.pods(name)).values()].map(({ uid, image }) => `${uid} ${image}`).toSorted();
    const green = await pods();
    const planned = async (...flags: string[]) =>
      json<Plan>(await run('undo', ...on(name), '--dry-run', '-o', 'json', ...flags));
    const { mode, batches, traffic } = await planned();
    expect([mode.used, batches.length]).toEqual(['InPlace', 2]);
    expect(traffic?.through).toEqual([{ service: name }]);
    for (const flags of [['--mode', 'BlueGreen'], ['--gates'], ['--approval']])
      expect((await planned(...flags)).mode.used).toBe('BlueGreen');
    const said = await run('undo', ...on(name), '--wait');
    await succeed(said);
    expect(said.stderr + said.stdout).toContain('not by BlueGreen');
    expect(await pods()).toEqual(green.map((pod) => pod.replace(sampleImage('v2'), sampleImage('v1'))));
  });

  test('scenario 58: a revision that is not there: those there are; one that differs in more than images makes pods anew', async () => {
    const name = 'missing';
    await deploy(name, 1);
    expect((await refused('undo', ...on(name))).problem.code).toBe('REVISION_NOT_FOUND');
    await succeed(release(name, 'v2', '--yes'));
    const { exit, problem } = await refused('undo', ...on(name), '--to-revision', '7');
    expect([exit, problem.code, problem['revisions']]).toEqual([2, 'REVISION_NOT_FOUND', [2, 1]]);
    expect((await refused('undo', ...on(name), '--to-revision', '2')).problem.code).toBe('IMAGE_UNCHANGED');
    const env = { spec: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'NEW', value: 'x' }] }] } } } };
    await world.kube.patch(deployments, at(name), env, { as: 'strategic' });
    await rollOut(name, 'v2', 'env');
    const plan = json<Plan>(await run('undo', ...on(name), '--dry-run', '-o', 'json'));
    expect(plan).toMatchObject({ mode: { used: 'Recreate' }, change: { template: { differs: ['env of app'] } } });
    const other = await refused('undo', ...on(name), '--mode', 'InPlaceOnly');
    expect([other.exit, other.problem.code]).toEqual([3, 'NOT_IN_PLACE']);
    expect(other.problem.detail).toContain('env of app');
  });

  test('scenario 6: while a release runs, even paused, it rolls that one back', async () => {
    const name = 'paused';
    await deploy(name);
    await succeed(run('release', ...on(name), '--image', `app=${sampleImage('v2')}`));
    await world.until(name, ({ waiting }) => waiting?.for === 'approval');
    await succeed(run('pause', ...on(name)));
    expect((await refused('undo', ...on(name), '--to-revision', '1')).problem.code).toBe('RELEASE_EXISTS');
    const undone = json<LiveStatus>(await run('undo', ...on(name), '--wait', '-o', 'json'));
    expect(undone).toMatchObject({ phase: 'rolledBack' });
    expect(undone.paused).toBeUndefined();
    expect(new Set([...(await world.pods(name)).values()].map(({ image }) => image))).toEqual(
      new Set([sampleImage('v1')]),
    );
    const [newest] = (await historyOf(name)).entries;
    expect(newest?.record).toMatchObject({ phase: 'rolledBack', rollback: { by: 'anna', reason: 'undo' } });
    expect(newest?.record?.decisions.map(({ message }) => message)).toEqual(['pause', 'rollback']);
  });
});

describe('retry', () => {
  test('scenarios 2, 3: after an abort from the start again, with the gates or without; not after a success', async () => {
    const name = 'retry';
    await deploy(name);
    expect((await refused('retry', ...on(name))).problem.code).toBe('RELEASE_NOT_FOUND');
    await succeed(
      run('release', ...on(name), '--image', `app=${sampleImage('v2')}`, '--batch-count', '1', '--name', 'till'),
    );
    await world.until(name, ({ waiting }) => waiting?.for === 'approval');
    expect((await refused('retry', ...on(name))).problem.code).toBe('RELEASE_EXISTS');
    await run('rollback', ...on(name), '--wait');

    await succeed(run('retry', ...on(name)));
    const again = await world.until(name, ({ waiting }) => waiting?.for === 'approval');
    expect(again).toMatchObject({ app: 'till', version: 'v2', progress: { total: 3, done: 1 } });
    await run('rollback', ...on(name), '--wait');

    await temporalForgets(name);
    await succeed(run('retry', ...on(name), '--no-gates', '--wait'));
    const { entries } = await historyOf(name);
    expect(entries.map(({ record: kept }) => [kept?.phase, kept?.gates.length])).toEqual([
      ['succeeded', 0],
      ['rolledBack', 1],
      ['rolledBack', 1],
      [undefined, undefined],
    ]);
    expect(entries[0]?.record?.reason).toMatch(/^retry of .*, rolled back$/);
    expect(await refused('retry', ...on(name))).toMatchObject({ exit: 3, problem: { code: 'REFUSED' } });
  });
});

describe('the records in the cluster', () => {
  test('several writers at once lose nothing; 100 are kept; a workload made anew does not get them', async () => {
    await deploy('store', 1);
    const target = world.target('store');
    const { uid } = (await world.kube.get(deployments, at('store'))).metadata;
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', uid };
    const write = (number: number) =>
      writeRecord(world.kube, target, owner, record({ run: `run-${number}`, startedAt: later(number) }));
    await Promise.all([0, 1, 2, 3].map(write));
    expect(await readRecords(world.kube, target, uid)).toHaveLength(4);
    for (let number = 0; number < 103; number += 1) await write(number);
    const kept = await readRecords(world.kube, target, uid);
    expect(kept.map(({ run: one }) => one)).toEqual(Array.from({ length: 100 }, (_, index) => `run-${102 - index}`));

    await world.kube.remove(deployments, at('store'));
    await until(async () => (await world.kube.find(deployments, at('store'))) === undefined);
    await deploy('store', 1);
    const anew = (await world.kube.get(deployments, at('store'))).metadata.uid;
    expect(await readRecords(world.kube, target, anew)).toEqual([]);
    await writeRecord(world.kube, target, { ...owner, uid: anew }, record({ run: 'first' }));
    expect((await readRecords(world.kube, target, anew)).map(({ run: one }) => one)).toEqual(['first']);
  });
});
