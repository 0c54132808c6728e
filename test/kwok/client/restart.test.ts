import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { pods } from '../../../activities/kubernetes/resources.ts';
import type { History } from '../../../client/sdk/history.ts';
import type { Problem } from '../../../client/sdk/problem.ts';
import { sampleImage } from '../../../local/sample.ts';
import { kinds } from '../../../workflows/contract/kinds.ts';
import type { Plan } from '../../../workflows/contract/plan.ts';
import type { ReleaseStatus } from '../../../workflows/contract/status.ts';
import { type Ran, sluice } from '../../client/cli/io.ts';
import { kindsHere } from '../../support/kindsHere.ts';
import { openWorld, type PodFacts, until, type World } from '../../support/world.ts';

/** `sluice restart` against a real Temporal, a real API server with its controllers, and a real worker. */

/** Those with a native history. */
const restarted = kindsHere(['deployment', 'statefulset', 'daemonset', 'cloneset']);

const quick = ['--batch-count', '1', '--max-unavailable', '100%', '--wait'];

async function succeed(ran: Ran | Promise<Ran>): Promise<Ran> {
  const { exit, stdout, stderr } = await ran;
  expect({ exit, text: exit === 0 ? '' : stdout + stderr }).toEqual({ exit: 0, text: '' });
  return ran;
}

/** The same pods, each restarted once more with an image like this. */
function expectRestarted(before: ReadonlyMap<string, PodFacts>, after: ReadonlyMap<string, PodFacts>, image: RegExp) {
  expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted());
  for (const [name, was] of before) {
    expect(after.get(name)).toMatchObject({ uid: was.uid, restarts: was.restarts + 1, ready: true });
    expect(after.get(name)?.image).toMatch(image);
  }
}

describe.each(restarted)('a %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  function run(...argv: string[]): Promise<Ran> {
    const { TEMPORAL_ADDRESS = '', TEMPORAL_NAMESPACE = '' } = world.env;
    return sluice(argv, { env: { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, SLUICE_CLUSTER: world.cluster, USER: 'anna' } });
  }
  const on = (name: string): string[] => [`${kind}/${name}`, '-n', world.namespace];
  const at = (name: string) => ({ namespace: world.namespace, name });

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what the command prints
  async function json<T>(...argv: string[]): Promise<T> {
    return JSON.parse((await run(...argv, '-o', 'json')).stdout) as T;
  }

  const deploy = (name: string, replicas = 3): Promise<void> =>
    world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas });

  const release = (name: string, tag: 'v1' | 'v2'): Promise<Ran> =>
    succeed(run('release', ...on(name), '--image', `app=${sampleImage(tag)}`, ...quick, '--yes'));

  test('a restart is a release: plan, gate, batches, history; the next release and an undo know the versions', async () => {
    const name = 'again';
    await deploy(name);
    await succeed(run('release', ...on(name), '--image', `app=${sampleImage('v2')}`, '--batch-count', '1'));
    await world.until(name, ({ waiting }) => waiting?.for === 'approval');
    await succeed(run('approve', ...on(name), '--wait'));
    const before = await world.pods(name);

    const planned = await run('restart', ...on(name), '--dry-run');
    expect(planned.stdout).toMatch(/again {2}restart of v2/);
    expect(planned.stdout).toMatch(/restart +app: registry\.local\/sample:v2 → registry\.local\/sample:v2@sha256:/);
    expect(await world.pods(name)).toEqual(before);

    const started = await succeed(run('restart', ...on(name), '--reason', 'new certificates'));
    expect(started.stdout + started.stderr).toContain('Restarting again v2: 3 pods');
    await world.until(name, ({ waiting }) => waiting?.for === 'approval');
    expect((await run('status', ...on(name))).stdout).toContain('restart of v2');
    expect((await run('history', ...on(name))).stdout).toMatch(/restart of v2 .* after-gray waits for approval/);
    const busy = await json<Problem>('restart', ...on(name));
    expect(busy).toMatchObject({
      code: 'RELEASE_EXISTS',
      detail: expect.stringContaining('being restarted (again v2)'),
    });
    await succeed(run('approve', ...on(name), '--wait'));
    expect(await world.sluice.status(world.target(name))).toMatchObject({
      phase: 'succeeded',
      text: 'Every pod of v2 was restarted.',
      restart: true,
      version: 'v2',
      fromVersion: 'v2',
    });
    const image = new RegExp(`^${sampleImage('v2')}@sha256:[0-9a-f]{64}$`);
    expectRestarted(before, await world.pods(name), image);
    expect(await world.traces(name)).toEqual([]);

    const { entries } = await json<History>('history', ...on(name));
    expect(entries[0]).toMatchObject({
      native: { revision: 3, current: true, cause: 'sluice: again restart of v2 by anna' },
      record: { restart: true, reason: 'new certificates', revision: 3, version: 'v2' },
    });
    expect((await run('history', ...on(name))).stdout).toMatch(
      /▸ 3 +restart of v2 .* anna +✓ succeeded +new certificates/,
    );
    expect((await run('history', ...on(name), '--revision', '3')).stdout).toContain('again  restart of v2');

    // Not to revision 2, which is the version that was restarted.
    const undone = await succeed(run('undo', ...on(name), '--wait'));
    expect(undone.stderr).toContain('Back to revision 1, the one before');
    expect(await world.sluice.status(world.target(name))).toMatchObject({ fromVersion: 'v2', version: 'v1' });
    await release(name, 'v2');
  });

  test('every restart has a spelling of its own that keeps the digest, and leaves no heap of revisions', async () => {
    const name = 'thrice';
    await deploy(name, 2);
    const images: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      const before = await world.pods(name);
      await succeed(run('restart', ...on(name), '--no-gates', ...quick));
      const after = await world.pods(name);
      expectRestarted(before, after, /@sha256:/);
      images.push([...after.values()][0]?.image ?? '');
    }
    const [digest = ''] = /@sha256:.*/.exec(images[0] ?? '') ?? [];
    const tagged = `${sampleImage('v1')}${digest}`;
    const bare = tagged.replace(':v1@', '@');
    expect(images).toEqual([tagged, bare, tagged, bare]);
    const { entries } = await json<History>('history', ...on(name));
    expect(entries.map(({ record }) => record?.version).filter((version) => version !== undefined)).toEqual(
      Array.from({ length: 4 }, () => 'v1'),
    );
    expect(entries.flatMap(({ native }) => native?.revision ?? [])).toEqual([5, 4, 1]);
    expect(await json<Problem>('undo', ...on(name))).toMatchObject({ code: 'REVISION_NOT_FOUND' });
  });

  test('a rollback in the middle brings the old spelling back', async () => {
    const name = 'back';
    await deploy(name);
    await succeed(run('restart', ...on(name)));
    await world.until(name, ({ waiting }) => waiting?.for === 'approval');
    const status = await json<ReleaseStatus>('rollback', ...on(name), '--wait', '--reason', 'not now');
    expect(status).toMatchObject({
      phase: 'rolledBack',
      text: 'The restart of v1 was rolled back for anna: not now',
      notUndone: [],
    });
    expect(new Set([...(await world.pods(name)).values()].map(({ image }) => image))).toEqual(
      new Set([sampleImage('v1')]),
    );
    expect(await world.traces(name)).toEqual([]);
  });

  test('what cannot be restarted for certain is refused before anything is touched', async () => {
    const name = 'unsafe';
    await deploy(name, 2);
    expect(await json<Problem>('restart', ...on(name), '--container', 'nope')).toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
      detail: expect.stringContaining('it has app'),
    });
    expect(await json<Problem>('restart', ...on(name), '--container', 'No!')).toMatchObject({
      code: 'SPEC_INVALID',
      detail: expect.stringContaining('change.restart[0]'),
    });
    const [first = ''] = (await world.pods(name)).keys();
    const other = { spec: { containers: [{ name: 'app', image: sampleImage('v2') }] } };
    await world.kube.patch(pods, at(first), other, { as: 'strategic' });
    await until(async () => {
      const pod = (await world.pods(name)).get(first);
      return pod?.restarts === 1 && pod.ready;
    });
    const before = await world.pods(name);
    const { exit, stdout } = await run('restart', ...on(name), '--dry-run', '-o', 'json');
    const problem = JSON.parse(stdout) as Problem & { next: string };
    expect([exit, problem.code]).toEqual([3, 'RESTART_UNSAFE']);
    expect(problem.next).toContain(kinds[kind].replacePods(`${kind}/unsafe -n ${world.namespace}`));
    expect(await world.pods(name)).toEqual(before);
    // The plan of a release is told the same way.
    expect(await json<Plan>('plan', ...on(name), '--image', `app=${sampleImage('v2')}`)).toMatchObject({
      change: { version: 'v2' },
    });
  });
});
