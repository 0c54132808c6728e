import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseStatus } from '../../workflows/contract/status.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { type Ran, sluice } from '../client/cli/io.ts';
import { hasComeTo } from '../durability/points.ts';
import { kindsHere } from '../support/kindsHere.ts';
import { openWorld, until, type World } from '../support/world.ts';
import { approval, releasesIn } from './support/releases.ts';

/** A newer version in mid-release: real Temporal, API server, controllers and worker. */

/** The fleet has three nodes, and so many pods a DaemonSet. */
const kinds = kindsHere(['deployment', 'statefulset', 'daemonset', 'cloneset']);

/** What the tests of this file say of newer versions. */
function newerIn(world: () => World) {
  const { spec, atGate } = releasesIn(world);
  return {
    /** Says it to the running release, and waits until the newer version has begun. */
    supersede: async (name: string, tag: Parameters<typeof spec>[1]): Promise<string> => {
      const options = { initiator: 'bob', reason: 'a better one' };
      const { begun } = await world().sluice.supersede(validateSpec(spec(name, tag, { gates: approval })), options);
      return (await begun(AbortSignal.timeout(240_000))).run;
    },
    approve: async (name: string): Promise<void> => {
      const { waiting, run } = await atGate(name);
      await world().sluice.send(world().target(name), 'approve', { by: 'anna', gate: waiting?.gate ?? '', run });
    },
    restarts: async (name: string): Promise<number[]> =>
      [...(await world().pods(name)).values()].map(({ restarts }) => restarts).toSorted((a, b) => a - b),
    /** Images of the revisions that Kubernetes keeps, the current one first. */
    revisions: async (name: string): Promise<readonly string[]> =>
      (await world().sluice.history(world().target(name))).entries.flatMap(({ native }) =>
        native ? (/:(v\d)/.exec(native.images['app'] ?? '')?.[1] ?? '?') : [],
      ),
    endOf: (name: string, run: string): Promise<ReleaseStatus> =>
      world().until(name, (status) => status.run === run && status.endedAt !== undefined),
  };
}

describe.each(kinds)('a newer version in mid-release of a %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  const { spec, deploy, atGate, versions, uids, clean } = releasesIn(() => world);
  const { supersede, approve, restarts, revisions, endOf } = newerIn(() => world);

  it('at the gate: every pod goes to it, the gray one twice in all, and history knows the first and the last', async () => {
    await deploy('gate', 3);
    const before = await uids('gate');
    await world.start(spec('gate', 'v2', { gates: approval }));
    const first = await atGate('gate');
    expect(await versions('gate')).toBe('v1 v1 v2');
    const run = await supersede('gate', 'v3');
    const second = await atGate('gate');
    expect(second).toMatchObject({
      run,
      version: 'v3',
      fromVersion: 'v1',
      supersedes: { run: first.run, version: 'v2' },
    });
    // The gray group is one pod again, whichever.
    expect((await versions('gate')).split(' ').filter((version) => version === 'v3')).toHaveLength(1);
    await expect(
      world.sluice.send(world.target('gate'), 'approve', { by: 'anna', gate: 'after-gray', run: first.run }),
    ).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' });
    await approve('gate');
    expect(await endOf('gate', run)).toMatchObject({ phase: 'succeeded', notUndone: [] });
    expect(await versions('gate')).toBe('v3 v3 v3');
    expect(await restarts('gate')).toEqual([1, 1, 2]);
    expect(await uids('gate')).toEqual(before);
    await clean('gate', 3);
    expect(await revisions('gate')).toEqual(['v3', 'v1']);
    const { entries } = await world.sluice.history(world.target('gate'));
    expect(entries.flatMap(({ record }) => (record ? [[record.phase, record.version]] : []))).toEqual([
      ['succeeded', 'v3'],
      ['superseded', 'v2'],
    ]);
    const listed = await world.sluice.list({ namespace: world.namespace, app: 'gate' });
    expect(listed.map(({ phase, version, run: named }) => [phase, version, named])).toEqual([
      ['succeeded', 'v3', run],
      ['superseded', 'v2', first.run],
    ]);
  });

  it('held over a version that crashes: the pod that crashed is mended; then back, to the version before both', async () => {
    await deploy('held', 3);
    const before = await uids('held');
    await world.start(spec('held', 'v3-crash', { onFailure: 'Hold' }));
    await world.until('held', ({ phase }) => phase === 'held');
    const run = await supersede('held', 'v2');
    await atGate('held');
    const pods = [...(await world.pods('held')).values()];
    expect(pods.filter(({ image }) => image.includes('crash'))).toEqual([]);
    expect(pods.every(({ ready }) => ready)).toBe(true);
    await world.sluice.send(world.target('held'), 'rollback', { by: 'bob', reason: 'not today' });
    expect(await endOf('held', run)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await versions('held')).toBe('v1 v1 v1');
    expect(await uids('held')).toEqual(before);
    expect(await revisions('held')).toEqual(['v1']);
    await clean('held', 3);
  });
});

describe('a newer version in mid-release, and what may happen to it', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir);
  });
  afterAll(() => world?.close());

  const { spec, deploy, atGate, ended, versions, uids, clean } = releasesIn(() => world);
  const { approve, supersede, restarts, revisions, endOf } = newerIn(() => world);
  const run = (...argv: string[]): Promise<Ran> => {
    const { TEMPORAL_ADDRESS = '', TEMPORAL_NAMESPACE = '' } = world.env;
    return sluice(argv, { env: { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, SLUICE_CLUSTER: world.cluster, USER: 'anna' } });
  };

  it('on the command line: refused without the flag, which the refusal names; planned, begun and followed with it', async () => {
    const worker = await world.worker();
    onTestFinished(() => worker.stop());
    await deploy('typed', 4);
    await world.start(spec('typed', 'v2', { gates: approval }));
    const first = await atGate('typed');
    const words = ['release', 'deployment/typed', '-n', world.namespace, '--service', 'typed', '--quiet-period', '0s'];
    const image = (tag: 'v2' | 'v3'): string[] => ['--image', `app=${sampleImage(tag)}`];
    const plain = await run(...words, ...image('v3'));
    expect(plain).toMatchObject({ exit: 3 });
    expect(plain.stderr).toContain('--supersede');
    const same = await run(...words, ...image('v2'), '--supersede');
    expect(same).toMatchObject({ exit: 3 });
    expect(same.stderr).toContain('brings v2 already');
    const other = await run('release', 'deployment/typed', '-n', world.namespace, ...image('v3'), '--supersede');
    expect(other.stderr).toContain('takes pods out through service typed');
    const dry = await run(...words, ...image('v3'), '--supersede', '--dry-run', '-o', 'json');
    expect(JSON.parse(dry.stdout)).toMatchObject({
      change: { version: 'v3', fromVersion: 'v1' },
      warnings: expect.arrayContaining([expect.objectContaining({ code: 'SUPERSEDES' })]),
    });
    expect(await atGate('typed')).toMatchObject({ run: first.run, version: 'v2' });
    const begun = await run(...words, ...image('v3'), '--supersede', '--yes', '--wait');
    expect({ exit: begun.exit, text: begun.exit === 0 ? '' : begun.stderr }).toEqual({ exit: 0, text: '' });
    expect(await versions('typed')).toBe('v3 v3 v3 v3');
    await clean('typed', 4);
  });

  it('in the middle of a batch, and the worker dies three times on the way: nothing is lost, nobody is done twice', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-supersede-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'points');
    await deploy('dies', 6);
    const before = await uids('dies');
    const kills = [
      { point: 'silence', when: 'before', nth: 3 },
      { point: 'record', when: 'after', nth: 1 },
      { point: 'acquire', when: 'after', nth: 1 },
    ] as const;
    const slowly = { strategy: { gray: { pods: 1 }, batches: ['100%'], maxUnavailable: 1 } };
    let said: Promise<string> | undefined;
    for (const [at, kill] of kills.entries()) {
      const points = `${file}-${at}`;
      const worker = await world.worker({ points, kills: { dies: kill } });
      if (at === 0) await world.start(spec('dies', 'v2', slowly));
      await until(() => hasComeTo(points, 'dies', kill).catch(() => false), 120_000);
      said ??= supersede('dies', 'v3');
      // It is planned while a pod of the batch stands still: said before the worker dies.
      if (at === 0) await world.until('dies', ({ supersededBy }) => supersededBy !== undefined);
      await worker.kill();
    }
    const worker = await world.worker();
    onTestFinished(() => worker.stop());
    const now = await said;
    await approve('dies');
    expect(await endOf('dies', now ?? '')).toMatchObject({ phase: 'succeeded', notUndone: [] });
    expect(await versions('dies')).toBe('v3 v3 v3 v3 v3 v3');
    expect(await uids('dies')).toEqual(before);
    const times = await restarts('dies');
    expect(Math.max(...times)).toBe(2);
    expect(times[0]).toBe(1);
    expect(await revisions('dies')).toEqual(['v3', 'v1']);
    await clean('dies', 6);
  });

  it('an image that is not there, and a rollback meanwhile: the running release is as it was, and goes back', async () => {
    const worker = await world.worker();
    onTestFinished(() => worker.stop());
    await deploy('bad', 3);
    await world.start(spec('bad', 'v2', { gates: approval }));
    const first = await atGate('bad');
    const { change: _, ...rest } = spec('bad', 'v3');
    const wrong = validateSpec({ ...rest, change: { images: { other: sampleImage('v3') } } });
    await expect(world.sluice.supersede(wrong, { initiator: 'bob' })).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
    });
    expect(await atGate('bad')).toMatchObject({ run: first.run, version: 'v2' });
    await supersede('bad', 'v3');
    await world.sluice.send(world.target('bad'), 'rollback', { by: 'bob', run: first.run });
    expect(await ended('bad')).toMatchObject({ phase: 'rolledBack' });
    expect(await versions('bad')).toBe('v1 v1 v1');
    await clean('bad', 3);
  });
});
