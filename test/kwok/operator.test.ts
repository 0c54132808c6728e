import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { pods as podsOf } from '../../activities/kubernetes/resources.ts';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import type { KindName } from '../../workflows/contract/kinds.ts';
import type { ReleaseStatus } from '../../workflows/contract/status.ts';
import { type Ran, sluice } from '../client/cli/io.ts';
import { hasComeTo } from '../durability/points.ts';
import { openWorld, until, type World } from '../support/world.ts';
import { worldKinds } from '../support/worldKinds.ts';
import { approval, releasesIn } from './support/releases.ts';

/** An operator takes the workload in hand in mid-release: real Temporal, API server, controllers and worker. */

const kinds: readonly KindName[] = ['deployment', 'statefulset', 'daemonset'];
const anna = { by: 'anna', reason: 'the disks' };

/** What an operator does in these tests. `world`: the one that is open by then. */
function operatorIn(world: () => World, kind: KindName = 'deployment') {
  const { atGate, versions } = releasesIn(world);
  const { resource } = worldKinds[kind];
  const said = async (name: string): Promise<ReleaseStatus> =>
    world().until(name, ({ phase, operator }) => phase === 'manual' && operator?.since !== undefined);
  return {
    said,
    handOver: async (name: string): Promise<ReleaseStatus> => {
      await world().sluice.send(world().target(name), 'handOver', anna);
      return said(name);
    },
    takeBack: (name: string) => world().sluice.send(world().target(name), 'takeBack', { by: 'bob' }),
    approve: async (name: string): Promise<void> => {
      const { waiting, run } = await atGate(name);
      await world().sluice.send(world().target(name), 'approve', { by: 'bob', gate: waiting?.gate ?? '', run });
    },
    /** `kubectl set image`, and its own controller rolls it out. */
    rollOut: async (name: string, tag: SampleTag): Promise<void> => {
      const where = { namespace: world().namespace, name };
      const { size } = await world().pods(name);
      const template = { spec: { containers: [{ name: 'app', image: sampleImage(tag) }] } };
      await world().kube.patch(resource, where, { spec: { template } }, { as: 'strategic' });
      await until(async () => {
        const all = [...(await world().pods(name)).values()];
        const old = (await versions(name)).split(' ').some((version) => version !== tag);
        return all.length === size && !old && all.every(({ ready }) => ready);
      });
    },
    /** `kubectl delete pod`: another one is born. */
    replace: async (name: string, uid: string): Promise<void> => {
      const before = await world().pods(name);
      const [pod = ''] = [...before].find(([, facts]) => facts.uid === uid) ?? [];
      await world().kube.remove(podsOf, { namespace: world().namespace, name: pod });
      await until(async () => {
        const now = [...(await world().pods(name)).values()];
        return now.length === before.size && now.every((one) => one.ready && one.uid !== uid);
      });
    },
  };
}

describe.each(kinds)('a %s in the hands of an operator', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  const { spec, deploy, atGate, ended, versions, uids, callable, clean } = releasesIn(() => world);
  const { handOver, takeBack, approve, rollOut, replace } = operatorIn(() => world, kind);

  it('at the gate: nothing of the release is left on it; a pod that dies is born old; taken back, that one is done again and no other', async () => {
    await deploy('lent', 3);
    await world.start(spec('lent', 'v2', { gates: approval }));
    await atGate('lent');
    const lent = await handOver('lent');
    expect(lent.text).toContain('In the hands of anna since');
    await clean('lent', 3);
    expect(await versions('lent')).toBe('v1 v1 v2');
    const gray = [...(await world.pods('lent')).values()].find(({ image }) => image === sampleImage('v2'));
    await replace('lent', gray?.uid ?? '');
    expect(await versions('lent')).toBe('v1 v1 v1');
    await until(async () => (await callable('lent')) === 3);
    await takeBack('lent');
    await approve('lent');
    expect(await ended('lent')).toMatchObject({ phase: 'succeeded', notUndone: [] });
    expect(await versions('lent')).toBe('v2 v2 v2');
    const restarts = [...(await world.pods('lent')).values()].map((pod) => pod.restarts);
    expect(restarts).toEqual([1, 1, 1]);
    await clean('lent', 3);
  });

  it('an operator who rolls the new version out natively has ended the release', async () => {
    await deploy('native', 3);
    await world.start(spec('native', 'v2', { gates: approval }));
    await atGate('native');
    await handOver('native');
    await rollOut('native', 'v2');
    await takeBack('native');
    expect(await ended('native')).toMatchObject({ phase: 'succeeded', notUndone: [] });
    // Its own controller may still be replacing the one that had it before.
    expect(await versions('native')).toMatch(/^v2( v2)+$/);
    await clean('native', 3);
  });

  it('another version is asked about; take over goes on from it, and a rollback leads back to it', async () => {
    await deploy('other', 3);
    await world.start(spec('other', 'v2', { gates: approval }));
    await atGate('other');
    await handOver('other');
    await rollOut('other', 'v3');
    await takeBack('other');
    const held = await world.until('other', ({ phase }) => phase === 'held');
    expect(held.text).toContain('Take over plans anew from what is there');
    await world.sluice.send(world.target('other'), 'takeOver', { by: 'bob' });
    const again = await atGate('other');
    expect(again).toMatchObject({ version: 'v2', fromVersion: 'v3' });
    expect(await versions('other')).toBe('v2 v3 v3');
    await world.sluice.send(world.target('other'), 'rollback', { by: 'bob' });
    expect(await ended('other')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await versions('other')).toBe('v3 v3 v3');
    await clean('other', 3);
  });

  it('a rollback wins: hold is taken again, and every pod goes back in place', async () => {
    await deploy('back', 3);
    const before = await uids('back');
    await world.start(spec('back', 'v2', { gates: approval }));
    await atGate('back');
    await handOver('back');
    await world.sluice.send(world.target('back'), 'rollback', { by: 'bob' });
    expect(await ended('back')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await versions('back')).toBe('v1 v1 v1');
    expect(await uids('back')).toEqual(before);
    await clean('back', 3);
  });
});

describe('a workload in the hands of an operator, and what may happen to it', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir);
  });
  afterAll(() => world?.close());

  const { spec, deploy, atGate, ended, versions, uids, clean } = releasesIn(() => world);
  const { said, handOver, takeBack, approve, rollOut } = operatorIn(() => world);
  const run = (...argv: string[]): Promise<Ran> => {
    const { TEMPORAL_ADDRESS = '', TEMPORAL_NAMESPACE = '' } = world.env;
    return sluice(argv, { env: { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, SLUICE_CLUSTER: world.cluster, USER: 'anna' } });
  };

  it('the worker dies at each turn of it, in the middle of a batch too: nobody is left out, nobody is done twice', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-operator-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await deploy('dies', 6);
    const before = await uids('dies');
    const slowly = { strategy: { gray: { pods: 1 }, batches: ['100%'], maxUnavailable: 1 } };
    const asked = () => world.sluice.send(world.target('dies'), 'handOver', anna);
    /** Where it dies, and what has been said by then. */
    const turns = [
      [{ point: 'silence', when: 'before', nth: 3 }, () => world.start(spec('dies', 'v2', slowly)), asked],
      [{ point: 'closeTraffic', when: 'after', nth: 1 }],
      [{ point: 'release', when: 'after', nth: 1 }],
      [{ point: 'acquire', when: 'after', nth: 1 }, () => said('dies'), () => takeBack('dies')],
    ] as const;
    for (const [at, [kill, first, then]] of turns.entries()) {
      const points = join(folder, String(at));
      const worker = await world.worker({ points, kills: { dies: kill } });
      await first?.();
      // Of the first turn it is said while the pod stands still.
      if (at > 0) await then?.();
      await until(() => hasComeTo(points, 'dies', kill).catch(() => false), 240_000);
      if (at === 0) await then?.();
      await worker.kill();
    }
    const worker = await world.worker();
    onTestFinished(() => worker.stop());
    expect(await ended('dies')).toMatchObject({ phase: 'succeeded', notUndone: [] });
    expect(await versions('dies')).toBe('v2 v2 v2 v2 v2 v2');
    expect(await uids('dies')).toEqual(before);
    expect([...(await world.pods('dies')).values()].map(({ restarts }) => restarts)).toEqual([1, 1, 1, 1, 1, 1]);
    await clean('dies', 6);
    // Four times the heartbeats of a worker that died are waited for.
  }, 600_000);

  it('held over a version that crashes: the pod is mended before it is handed over, and nobody is left out of traffic', async () => {
    const worker = await world.worker();
    onTestFinished(() => worker.stop());
    await deploy('crash', 3);
    await world.start(spec('crash', 'v3-crash', { onFailure: 'Hold' }));
    await world.until('crash', ({ phase }) => phase === 'held');
    await handOver('crash');
    await clean('crash', 3);
    expect(await versions('crash')).toBe('v1 v1 v1');
    await rollOut('crash', 'v2');
    await world.sluice.send(world.target('crash'), 'adopt', anna);
    expect(await ended('crash')).toMatchObject({ phase: 'handedOver', notUndone: [] });
    expect(await versions('crash')).toBe('v2 v2 v2');
    await clean('crash', 3);
  });

  it('pods that are made anew: those that are new stay so, and are not made once more', async () => {
    const worker = await world.worker();
    onTestFinished(() => worker.stop());
    await deploy('anew', 3);
    const template = { spec: { containers: [{ name: 'app', env: [{ name: 'COLOUR', value: 'green' }] }] } };
    await world.start(spec('anew', 'v2', { change: { template }, gates: approval }));
    await atGate('anew');
    const born = (await uids('anew')).toSorted();
    await handOver('anew');
    await clean('anew', 3);
    expect(await uids('anew')).toEqual(born);
    await takeBack('anew');
    await approve('anew');
    expect(await ended('anew')).toMatchObject({ phase: 'succeeded', notUndone: [] });
    expect((await uids('anew')).filter((uid) => born.includes(uid))).toHaveLength(1);
    await clean('anew', 3);
  });

  it('on the command line: the status says whose it is, and every way on', async () => {
    const worker = await world.worker();
    onTestFinished(() => worker.stop());
    await deploy('typed', 2);
    await world.start(spec('typed', 'v2', { gates: approval }));
    await atGate('typed');
    const on = ['deployment/typed', '-n', world.namespace];
    const early = await run('take-back', ...on);
    expect(early).toMatchObject({ exit: 3 });
    const over = await run('hand-over', ...on, '--reason', 'the disks');
    expect({ exit: over.exit, text: over.stdout }).toMatchObject({ exit: 0, text: expect.stringContaining('anna') });
    await said('typed');
    const status = await run('status', ...on);
    expect(status.stdout).toMatch(/In the hands of anna[\s\S]*take-back[\s\S]*adopt[\s\S]*rollback/);
    const paused = await run('pause', ...on);
    expect(paused.stderr).toContain('It is in the hands of anna since');
    expect((await run('take-back', ...on)).exit).toBe(0);
    await approve('typed');
    expect((await run('status', ...on, '--wait')).exit).toBe(0);
    expect(await versions('typed')).toBe('v2 v2');
    await clean('typed', 2);
  });
});
