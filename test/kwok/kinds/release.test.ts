import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pods } from '../../../activities/kubernetes/resources.ts';
import { undoOf } from '../../../client/sdk/undo.ts';
import { sampleImage } from '../../../local/sample.ts';
import type { KindName } from '../../../workflows/contract/kinds.ts';
import { openWorld, until, type World } from '../../support/world.ts';
import { worldKinds } from '../../support/worldKinds.ts';
import { deny } from '../activities/admission.ts';
import { approval, releasesIn, versionOf } from '../support/releases.ts';

/** Kinds whose pods are numbered and born again under their names. */
const kinds: readonly KindName[] = ['statefulset'];

describe.each(kinds)('whole releases of a %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  const { spec, deploy, ended, atGate, uids, callable, clean } = releasesIn(() => world);
  const approve = async (name: string): Promise<void> => {
    const { waiting } = await atGate(name);
    await world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: waiting?.gate ?? '' });
  };
  /** Version of each pod, by name: `v1 v1 v2`. */
  const versions = async (name: string): Promise<string> =>
    [...(await world.pods(name))]
      .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .map(([, { image }]) => versionOf(image))
      .join(' ');
  /** One dies, and its successor of the same name is ready. */
  const reborn = async (pod: string): Promise<void> => {
    const at = { namespace: world.namespace, name: pod };
    const { uid } = (await world.kube.get(pods, at)).metadata;
    await world.kube.remove(pods, at);
    await until(async () => {
      const now = await world.kube.find(pods, at);
      return (
        now?.metadata.uid !== uid &&
        (now?.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')
      );
    });
  };

  it('scenario 39: gray is the highest ordinal, then in order down; history and undo afterwards', async () => {
    await deploy('five', 5);
    const before = await uids('five');
    await world.start(spec('five', 'v2', { gates: approval }));
    await atGate('five');
    expect(await versions('five')).toBe('v1 v1 v1 v1 v2');
    await approve('five');
    const { batches, phase } = await ended('five');
    expect(phase).toBe('succeeded');
    expect(batches.flatMap((batch) => batch.pods.map(({ name }) => name))).toEqual(
      [4, 3, 2, 1, 0].map((ordinal) => `five-${ordinal}`),
    );
    expect(await uids('five')).toEqual(before);
    const { entries } = await world.sluice.history(world.target('five'));
    expect(entries[0]).toMatchObject({ native: { revision: 2, current: true }, record: { phase: 'succeeded' } });
    await clean('five', 5);

    const { images } = undoOf(await world.sluice.history(world.target('five')));
    await world.start(spec('five', 'v1', { change: { images } }));
    expect(
      await world.until('five', ({ version, endedAt }) => version === 'v1' && endedAt !== undefined),
    ).toMatchObject({ phase: 'succeeded' });
    expect(await versions('five')).toBe('v1 v1 v1 v1 v1');
    expect(await uids('five')).toEqual(before);
    const back = await world.sluice.history(world.target('five'));
    expect(back.entries.flatMap(({ native }) => native?.revision ?? [])).toEqual([3, 2]);
    await clean('five', 5);
  });

  it('scenario 39: halts on unhealthy: a version that never gets ready stops at the gray pod, which goes back', async () => {
    await deploy('sick', 3);
    const before = await uids('sick');
    await world.start(
      spec('sick', 'v4-notready', { strategy: { gray: { pods: 1 }, maxUnavailable: 1, readyTimeout: '5s' } }),
    );
    const { phase, batches } = await ended('sick');
    expect(phase).toBe('rolledBack');
    expect(batches[1]?.pods.every(({ state }) => state === 'queued')).toBe(true);
    expect(await versions('sick')).toBe('v1 v1 v1');
    expect(await uids('sick')).toEqual(before);
    await clean('sick', 3);
  });

  it('the gray pod dies at its gate: it comes back old under its name, serves, and is done again', async () => {
    await deploy('dies', 4);
    await world.start(spec('dies', 'v2', { gates: approval }));
    await atGate('dies');
    await reborn('dies-3');
    expect(await versions('dies')).toBe('v1 v1 v1 v1');
    // At a gate nobody touches anything: its birth must have put it into traffic.
    await until(async () => (await callable('dies')) === 4);
    await approve('dies');
    // The one that died is not done beside the one that came back.
    expect(await ended('dies')).toMatchObject({ phase: 'succeeded', progress: { done: 4 } });
    expect(await versions('dies')).toBe('v2 v2 v2 v2');
    await clean('dies', 4);
  });

  it('the gray pod dies and people roll back: every pod is old, and none is undone in the place of another', async () => {
    await deploy('both', 4);
    await world.start(
      spec('both', 'v2', {
        strategy: { gray: { pods: 1 }, batches: [1, 1, 2], maxUnavailable: 1 },
        gates: { afterGray: { bake: '0s', approval: {} }, afterBatch: { bake: '0s', approval: {} } },
      }),
    );
    await atGate('both');
    await reborn('both-3');
    await approve('both');
    await world.until('both', ({ waiting }) => waiting?.for === 'approval' && waiting.gate !== 'after-gray');
    await world.sluice.send(world.target('both'), 'rollback', { by: 'bob', reason: 'not today' });
    expect(await ended('both')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await versions('both')).toBe('v1 v1 v1 v1');
    await clean('both', 4);
  });

  it('one that cannot be made is out of service: nobody else is taken out, the status says why, and it goes on', async () => {
    await deploy('short', 3);
    const at = { namespace: world.namespace, name: 'short-2' };
    const denial = await deny(world, pods, `object.metadata.name != '${at.name}'`, 'there is no room', 'CREATE');
    await until(async () => {
      const body = { metadata: { name: at.name }, spec: { containers: [{ name: 'app', image: sampleImage('v1') }] } };
      const refusal = await world.kube
        .create(pods, body, { namespace: at.namespace }, { dryRun: true })
        .then(() => '', String);
      return refusal.includes('there is no room');
    });
    await world.kube.remove(pods, at);
    await until(async () => (await callable('short')) === 2);
    await world.start(spec('short', 'v2', { strategy: { maxUnavailable: 1 } }));
    const { waiting } = await world.until('short', (status) => status.waiting?.for === 'budget');
    expect(waiting?.text).toBe(
      'At most 1 of the workload may be out of service, and 1 other pod is: not ready, or not there.',
    );
    expect(await versions('short')).toBe('v1 v1');
    await denial.lift();
    // Its controller tries again when the workload changes, too, not only when its back-off is over.
    await until(async () => {
      const annotations = { 'test/again': String(Date.now()) };
      const { resource } = worldKinds[kind];
      await world.kube.patch(resource, world.target('short'), { metadata: { annotations } }, { as: 'merge' });
      return (await world.kube.find(pods, at)) !== undefined;
    });
    expect(await ended('short')).toMatchObject({ phase: 'succeeded' });
    expect(await versions('short')).toBe('v2 v2 v2');
    await clean('short', 3);
  });

  it('scaled in mid-release: the new pods serve at once and come along, those that go are not missed', async () => {
    await deploy('grows', 3);
    await world.start(spec('grows', 'v2', { gates: approval }));
    await atGate('grows');
    const scale = (replicas: number) =>
      world.kube.patch(
        worldKinds[kind].resource,
        { namespace: world.namespace, name: 'grows' },
        { spec: { replicas } },
        { as: 'merge' },
      );
    await scale(6);
    await until(async () => (await callable('grows')) === 6);
    expect(await versions('grows')).toBe('v1 v1 v2 v1 v1 v1');
    await scale(5);
    await until(async () => (await callable('grows')) === 5);
    await approve('grows');
    expect(await ended('grows')).toMatchObject({ phase: 'succeeded' });
    expect(await versions('grows')).toBe('v2 v2 v2 v2 v2');
    await clean('grows', 5);
  });
});
