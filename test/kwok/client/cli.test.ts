import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { connect } from '../../../client/sdk/connect.ts';
import type { ReleaseSummary } from '../../../client/sdk/list.ts';
import type { Problem } from '../../../client/sdk/problem.ts';
import type { LiveStatus } from '../../../client/sdk/status.ts';
import { openStack } from '../../../local/open-stack.ts';
import { sampleImage } from '../../../local/sample.ts';
import type { WorkerConfig } from '../../../worker/config.ts';
import { type RunningWorker, startWorker } from '../../../worker/run.ts';
import { releaseId } from '../../../workflows/contract/names.ts';
import type { Plan } from '../../../workflows/contract/plan.ts';
import { type Ran, type RunOptions, sluice } from '../../client/cli/io.ts';
import { openWorld, until, type World } from '../../support/world.ts';

/** The command line against a real Temporal, a real API server and the real worker. */

let world: World;
let directory: string;
const workers: RunningWorker[] = [];
const app = 'checkout';

/** Runs one command as anna, in the world of this test. */
function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { TEMPORAL_ADDRESS = '', TEMPORAL_NAMESPACE = '' } = world.env;
  const env = { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, SLUICE_CLUSTER: world.cluster, USER: 'anna', ...options.env };
  return sluice(argv, { ...options, env });
}

const workload = (name = app): string[] => [`deployment/${name}`, '-n', world.namespace];
const release = (name: string, tag: Parameters<typeof sampleImage>[0], ...more: string[]): string[] => [
  'release',
  ...workload(name),
  '--image',
  `app=${sampleImage(tag)}`,
  ...more,
];
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what the command prints
const json = <T>(ran: Ran): T => JSON.parse(ran.stdout) as T;

/** What a refused command prints for people and for programs, with its exit code. */
async function refused(argv: readonly string[]): Promise<{ exit: number; text: string; problem: Problem }> {
  const people = await run(argv);
  const program = await run([...argv, '-o', 'json']);
  expect(people.stdout).toBe('');
  expect(program.stderr).toBe('');
  expect(program.exit).toBe(people.exit);
  return { exit: people.exit, text: people.stderr.replaceAll(/\s+/g, ' '), problem: json<Problem>(program) };
}

async function addWorker(cluster: string, kubeconfig: string, roles?: WorkerConfig['roles']): Promise<void> {
  workers.push(
    await startWorker({
      temporal: { address: world.env['TEMPORAL_ADDRESS'] ?? '', namespace: world.env['TEMPORAL_NAMESPACE'] ?? '' },
      cluster,
      logLevel: 'error',
      kubeconfig,
      ...(roles !== undefined && { roles }),
    }),
  );
  await until(async () => {
    await world.sluice.requireWorkers(cluster);
    return true;
  });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
  world = await openWorld(inject('stack').stateDir);
  await addWorker(world.cluster, world.env['KUBECONFIG'] ?? '');
  await world.deploy({ name: app, image: sampleImage('v1'), runtime: 'kwok', replicas: 6 });
});

afterAll(async () => {
  for (const worker of workers) worker.stop();
  await Promise.all(workers.map(({ ended }) => ended));
  await world.close();
  await rm(directory, { recursive: true, force: true });
});

describe('plan', () => {
  test('shows pods, gates and writes, and touches nothing', async () => {
    const before = await world.pods(app);
    const table = await run(['plan', ...workload(), '--image', `app=${sampleImage('v2')}`, '--service', app]);
    expect(table).toMatchObject({ exit: 0, stderr: '' });
    for (const pod of before.keys()) expect(table.stdout).toContain(pod);
    expect(table.stdout).toContain('gate after-gray: 1 approval');
    expect(table.stdout).toContain('Writes besides the pods');
    const plan = json<Plan>(await run([...release(app, 'v2'), '--dry-run', '-o', 'json', '--batches', '40%']));
    expect(plan.change).toMatchObject({ fromVersion: 'v1', version: 'v2' });
    expect(plan.batches.map(({ pods }) => pods.length)).toEqual([1, 2, 3]);
    expect(await world.pods(app)).toEqual(before);
    expect(await world.traces(app)).toEqual([]);
  });

  test('reads a file or standard input, and flags win', async () => {
    const file = join(directory, 'release.yaml');
    const spec = `metadata: {namespace: ${world.namespace}}\ntarget: {workload: deploy/${app}}\nchange: {images: {app: "${sampleImage('v2')}"}}\nstrategy: {batches: {count: 1}}\n`;
    await writeFile(file, spec);
    const fromFile = json<Plan>(await run(['plan', '-f', file, '-o', 'json']));
    expect(fromFile.batches.map(({ pods }) => pods.length)).toEqual([1, 5]);
    const ran = await run(['plan', '-f', '-', '--gray', '50%', '--no-approval', '-o', 'yaml'], { input: spec });
    const fromInput = parse(ran.stdout) as Plan;
    expect(fromInput.batches.map(({ pods }) => pods.length)).toEqual([3, 3]);
    expect(fromInput.batches[0]?.gate).not.toHaveProperty('approval');
  });
});

describe('bad input', () => {
  test('a file with mistakes: every one at its place', async () => {
    const file = join(directory, 'bad.yaml');
    await writeFile(
      file,
      'target: {workload: deployment/x}\nchange: {images: {app: x:2}}\nstrategy:\n  batchs: [1]\n  maxUnavailable: 0\n',
    );
    const { exit, text, problem } = await refused(['release', '-f', file, '--gray', '101%']);
    expect(exit).toBe(1);
    expect(text).toContain(`${file}:4:3 strategy.batchs found an unknown field`);
    expect(text).toContain('hint did you mean batches?');
    expect(text).toContain(`${file}:5:19 strategy.maxUnavailable found 0`);
    expect(text).toContain('--gray strategy.gray.pods found "101%"');
    expect(problem).toMatchObject({
      code: 'SPEC_INVALID',
      status: 422,
      problems: [{ where: '--gray' }, { line: 4 }, { line: 5, column: 19 }],
    });
  });

  test.each([
    ['broken YAML', 'a: [1\nb: }', 'SPEC_UNREADABLE'],
    ['a wrong type', 'target: deployment/x\nchange: {images: {app: x}}', 'SPEC_INVALID'],
  ])('%s', async (_, input, code) => {
    const ran = await run(['plan', '-f', '-', '-o', 'json'], { input });
    expect(ran).toMatchObject({ exit: 1, stderr: '' });
    expect(json<Problem>(ran)).toMatchObject({ code });
  });

  test('a file that is not there', async () => {
    expect((await refused(['plan', '-f', join(directory, 'nope.yaml')])).problem).toMatchObject({
      code: 'SPEC_UNREADABLE',
      status: 400,
    });
  });

  test.each(['120%', '0', '-3', '60%,50%', '0%'])('--batches=%s', async (batches) => {
    const { exit, problem } = await refused(['plan', ...workload(), '--image', 'app=x:2', `--batches=${batches}`]);
    expect([exit, problem.code]).toEqual([1, 'SPEC_INVALID']);
    expect(JSON.stringify(problem['problems'])).toContain('--batches');
  });

  test.each(['plan', 'release'])('%s: a workload that is not there, with those that are', async (verb) => {
    const { exit, text, problem } = await refused([verb, ...workload('nope'), '--image', 'app=x:2']);
    expect([exit, problem.code]).toEqual([2, 'WORKLOAD_NOT_FOUND']);
    expect(text).toContain(`there is ${app}`);
  });

  test('a namespace that is not there', async () => {
    const { exit, problem } = await refused(['release', `deployment/${app}`, '-n', 'nope', '--image', 'app=x:2']);
    expect([exit, problem.code]).toEqual([2, 'NAMESPACE_NOT_FOUND']);
  });

  test('a container that is not there, with those that are', async () => {
    const { exit, text, problem } = await refused(['release', ...workload(), '--image', 'web=x:2']);
    expect([exit, problem.code]).toEqual([2, 'CONTAINER_NOT_FOUND']);
    expect(text).toContain('it has app');
  });

  test('an image that the registry does not have', async () => {
    const registry = createServer((_, response) => response.writeHead(404).end());
    registry.listen(0, '127.0.0.1');
    await once(registry, 'listening');
    const { port } = registry.address() as AddressInfo;
    const { exit, problem } = await refused(['release', ...workload(), '--image', `app=127.0.0.1:${port}/shop:v9`]);
    expect([exit, problem.code]).toEqual([2, 'IMAGE_NOT_FOUND']);
    registry.close();
  });

  test('the image that runs already', async () => {
    const { exit, problem } = await refused(release(app, 'v1'));
    expect([exit, problem.code]).toEqual([3, 'IMAGE_UNCHANGED']);
  });

  test('a Service that is not there', async () => {
    const { exit, problem } = await refused(release(app, 'v2', '--service', 'nope'));
    expect([exit, problem.code]).toEqual([2, 'SERVICE_NOT_FOUND']);
  });

  test('a cluster that no worker serves, with those that are served', async () => {
    const { exit, text, problem } = await refused(release(app, 'v2', '--cluster', 'moon'));
    expect([exit, problem.code]).toEqual([2, 'CLUSTER_UNKNOWN']);
    expect(text).toContain('start `sluice worker --cluster moon`');
    expect(problem['served']).toContain(world.cluster);
  });

  test('a Temporal namespace that is not there', async () => {
    const { exit, problem } = await refused(['list', '--temporal-namespace', 'nope']);
    expect([exit, problem.code]).toEqual([6, 'TEMPORAL_REFUSED']);
  });

  test('a worker that may not do it, with the verbs that it lacks', async () => {
    const cluster = `${world.cluster}-weak`;
    await addWorker(cluster, await weakKubeconfig(), ['activities']);
    const { exit, text, problem } = await refused(release(app, 'v2', '--cluster', cluster));
    expect([exit, problem.code]).toEqual([3, 'FORBIDDEN']);
    expect(text).toMatch(/patch.*pods|pods.*patch/);
  });

  test('an API server that is away: the reason, and that it goes on trying', async () => {
    const cluster = `${world.cluster}-away`;
    await addWorker(cluster, await kubeconfigFor('https://127.0.0.1:1', 'no token'), ['activities']);
    const plan = await refused(['plan', ...workload(), '--image', 'app=x:2', '--cluster', cluster]);
    expect([plan.exit, plan.problem.code]).toEqual([6, 'CLUSTER_UNREACHABLE']);
    const started = await run(release(app, 'v2', '--cluster', cluster));
    expect(started.exit).toBe(6);
    expect(started.stderr.replaceAll(/\s+/g, ' ')).toContain(
      'The release is started, but its plan cannot be made yet: ',
    );
    const status = await run(['status', ...workload(), '--cluster', cluster]);
    expect(status.stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /! plan fails and is tried again \(try \d+\): .*127\.0\.0\.1:1/,
    );
    const back = await run([
      'rollback',
      ...workload(),
      '--cluster',
      cluster,
      '--wait',
      '--timeout',
      '30s',
      '-o',
      'json',
    ]);
    expect(json<LiveStatus>(back)).toMatchObject({ phase: 'rolledBack' });
  });

  test('a release that never was', async () => {
    for (const verb of ['status', 'approve', 'pause', 'rollback']) {
      const { exit, text, problem } = await refused([verb, ...workload('ledger')]);
      expect([verb, exit, problem.code]).toEqual([verb, 2, 'RELEASE_NOT_FOUND']);
      expect(text).toContain(`There is no release of deployment/ledger in namespace ${world.namespace}`);
    }
  });
});

describe('a release', () => {
  test('from the start over a gate to the end, with everything that is refused on the way', async () => {
    const started = await run(release(app, 'v2', '--approver', 'anna', '--batch-count', '1', '--by', 'ben'));
    expect(started.exit).toBe(0);
    expect(started.stdout).toBe(`✓ Releasing ${app} v1 → v2: 6 pods of deployment/${app} in 2 batches\n`);
    expect(started.stderr).toContain(`  sluice status deployment/${app} -n ${world.namespace} --watch\n`);
    await world.until(app, ({ waiting }) => waiting?.for === 'approval');

    const second = await refused(release(app, 'v3'));
    expect([second.exit, second.problem.code]).toEqual([3, 'RELEASE_EXISTS']);
    expect(second.text).toContain(`deployment/${app} is being released to ${app} v2 by ben.`);

    const status = await run(['status', ...workload()]);
    expect(status).toMatchObject({ exit: 0, stderr: '' });
    expect(status.stdout).toContain(`   sluice approve deployment/${app} -n ${world.namespace}\n`);
    expect(json<LiveStatus>(await run(['status', ...workload(), '-o', 'json']))).toMatchObject({
      phase: 'gate',
      initiator: 'ben',
      progress: { total: 6, done: 1, failed: 0 },
      retrying: [],
    });

    const listed = json<ReleaseSummary[]>(await run(['list', '--waiting', '-n', world.namespace, '-o', 'json']));
    expect(listed).toEqual([
      expect.objectContaining({ app, version: 'v2', phase: 'gate', waiting: true, initiator: 'ben' }),
    ]);

    const late = await refused(['status', ...workload(), '--timeout', '300ms']);
    expect([late.exit, late.problem.code]).toEqual([5, 'WAIT_TIMEOUT']);

    const watched = await run(['status', ...workload(), '--watch'], {
      interruptWhen: (printed) => printed.includes('[gate]'),
    });
    expect(watched.exit).toBe(130);
    expect(watched.stderr).toContain(`The release of deployment/${app} goes on without this terminal.`);

    const wrongGate = await refused(['approve', ...workload(), '--gate', 'after-batch-1']);
    expect([wrongGate.exit, wrongGate.problem.code]).toEqual([3, 'GATE_PASSED']);
    const wrongPerson = await refused(['approve', ...workload(), '--by', 'eve']);
    expect([wrongPerson.exit, wrongPerson.problem.code]).toEqual([3, 'NOT_ALLOWED']);
    expect(wrongPerson.text).toContain('its approvers are anna');
    expect((await run(['status', ...workload()])).stdout).toContain(
      '! approve refused: eve may not decide on after-gray',
    );

    const paused = await run(['pause', ...workload(), '--reason', 'lunch', '--key', 'once', '-o', 'json']);
    expect(json(paused)).toMatchObject({
      message: 'pause',
      args: { by: 'anna', reason: 'lunch' },
      reply: { phase: 'gate' },
    });
    expect(await run(['pause', ...workload(), '--reason', 'lunch', '--key', 'once', '-o', 'json'])).toEqual(paused);
    const again = await refused(['pause', ...workload()]);
    expect([again.exit, again.problem.code]).toEqual([3, 'ALREADY_DECIDED']);
    expect((await run(['status', ...workload()])).stdout).toMatch(/\[PAUSED\].*\n[\s\S]*Paused {2}by anna · lunch/);
    expect((await run(['resume', ...workload()])).stdout).toBe('✓ Resumed.\n');

    const approved = await run(['approve', ...workload(), '--comment', 'fine', '--wait', '--timeout', '2m']);
    expect(approved.exit).toBe(0);
    expect(approved.stdout).toContain(`[SUCCEEDED] Every pod runs v2.`);
    expect(approved.stderr).toContain('Approved after-gray (1 of 1).');
    expect([...(await world.pods(app)).values()].map(({ image }) => image)).toEqual(Array(6).fill(sampleImage('v2')));

    for (const verb of ['approve', 'reject', 'pause', 'rollback']) {
      const over = await refused([verb, ...workload()]);
      expect([verb, over.exit, over.problem.code]).toEqual([verb, 3, 'RELEASE_OVER']);
    }
    expect((await run(['status', ...workload()])).stdout).toContain('6/6 pods');
  });

  test('of a broken version rolls itself back: exit code 4, and one document', async () => {
    const ran = await run(release(app, 'v3-crash', '--wait', '--timeout', '2m', '-o', 'json'));
    expect(ran).toMatchObject({ exit: 4, stderr: '' });
    expect(json<LiveStatus>(ran)).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    const status = await run(['status', ...workload(), '--wait']);
    expect(status.exit).toBe(4);
    expect(status.stdout).toContain('✗ POD_FAILED');
  });

  test('with --watch and no terminal is a log of what happens', async () => {
    const ran = await run(release(app, 'v3', '--yes', '--batch-count', '1', '--watch', '--timeout', '2m'));
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^\d\d:\d\d:\d\d {2}\[planning\] /m);
    expect(ran.stdout).toMatch(/^\d\d:\d\d:\d\d {2}batch-1: 5 of 5 pods done$/m);
    expect(ran.stdout.trimEnd().split('\n').at(-1)).toMatch(/\[succeeded\] Every pod runs v3\.$/);
  });

  test('on a terminal is a picture that ends with the end', async () => {
    const ran = await run(release(app, 'v2', '--yes', '--batch-count', '1', '--watch'), { tty: true });
    expect(ran.exit).toBe(0);
    const last = ran.stdout.slice(ran.stdout.lastIndexOf('\u001B[?2026h'));
    expect(last).toContain('SUCCEEDED');
    expect(last).toContain('\u001B[?25h');
  });

  test('takes nonsense by signal as refused, and shows it', async () => {
    await run(release(app, 'v3', '--batch-count', '1'));
    await world.until(app, ({ waiting }) => waiting?.for === 'approval');
    const { TEMPORAL_ADDRESS: address = '', TEMPORAL_NAMESPACE: namespace = '' } = world.env;
    const connection = await connect({ address, namespace, source: 'TEMPORAL_ADDRESS' });
    const handle = new Client({ connection, namespace }).workflow.getHandle(releaseId(world.target(app)));
    await handle.signal('approve', 'yes please');
    await handle.signal('approve', { gate: 'after-gray', by: 42 });
    const { refused: seen } = await world.until(app, ({ refused: all }) => all.length >= 2);
    expect(seen.map(({ code }) => code)).toEqual(['MESSAGE_INVALID', 'MESSAGE_INVALID']);
    const status = await run(['status', ...workload()]);
    expect(status.stdout).toContain('! approve refused: ');
    expect(status.stdout).toContain('[GATE]');

    // Ended from outside, which no code of the release survives: told as it is.
    await handle.terminate('by hand');
    await connection.close();
    const ended = await run(['status', ...workload(), '--wait']);
    expect(ended.exit).toBe(4);
    expect(ended.stdout).toContain('[FAILED] It was terminated in Temporal; nothing was undone.');
    expect(ended.stdout).toContain(`kubectl annotate deployment/${app} -n ${world.namespace} sluice.dev/release-`);
  });
});

/** A kubeconfig for a user who may read and nothing else. */
async function weakKubeconfig(): Promise<string> {
  const call = await openStack({ stateDir: inject('stack').stateDir });
  const metadata = { name: 'weak', namespace: world.namespace };
  await call('POST', `/api/v1/namespaces/${world.namespace}/serviceaccounts`, { metadata });
  await call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: `weak-${world.namespace}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', ...metadata }],
  });
  const answer = await call('POST', `/api/v1/namespaces/${world.namespace}/serviceaccounts/weak/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3600 },
  });
  const { status } = answer.body as { status: { token: string } };
  const admin = parse(await readFile(world.env['KUBECONFIG'] ?? '', 'utf8')) as {
    clusters: {
      cluster: { server: string; 'certificate-authority-data'?: string; 'certificate-authority'?: string };
    }[];
  };
  return kubeconfigFor(admin.clusters[0]?.cluster.server ?? '', status.token, admin.clusters[0]?.cluster);
}

async function kubeconfigFor(
  server: string,
  token: string,
  cluster: object = { 'insecure-skip-tls-verify': true },
): Promise<string> {
  const file = join(directory, `kubeconfig-${token.length}`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'it',
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
    clusters: [{ name: 'it', cluster: { ...cluster, server } }],
    users: [{ name: 'it', user: { token } }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}
