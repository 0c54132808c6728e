import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { controllerRevisions, pods } from '../../../activities/kubernetes/resources.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import { undoChange, undoOf } from '../../../client/sdk/undo.ts';
import { sampleImage } from '../../../local/sample.ts';
import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import { kindsHere } from '../../support/kindsHere.ts';
import { openWorld, until, type World } from '../../support/world.ts';
import { approval, releasesIn } from '../support/releases.ts';

/** Kinds whose pods are born from their own template. */
const kinds = kindsHere(['statefulset', 'daemonset', 'cloneset', 'replicaset']);

describe.each(kinds)('pods of a %s that are made anew', (kind) => {
  /** Its own revisions, where it keeps any. */
  const kept = (...numbers: readonly number[]) => (kind === 'replicaset' ? [] : numbers);
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  const { deploy, ended, atGate, clean } = releasesIn(() => world);
  const send = (name: string, message: 'approve' | 'rollback', gate?: string) =>
    world.sluice.send(world.target(name), message, { by: 'bob', ...(gate && { gate }) });
  const withLevel = (name: string, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput => ({
    ...world.spec(name, sampleImage('v1'), { traffic: { through: [{ service: name }], quiet: '0s' } }),
    change: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: '1' }] }] } } },
    gates: approval,
    ...change,
  });
  const list = async (name: string): Promise<readonly Pod[]> => {
    const { items } = await world.kube.list(pods, { namespace: world.namespace, labelSelector: `app=${name}` });
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };
  const levelOf = ({ spec }: Pod): string =>
    spec.containers[0]?.env?.find((entry) => entry.name === 'LEVEL')?.value ?? '-';
  const levels = async (name: string): Promise<string> => (await list(name)).map(levelOf).toSorted().join(' ');
  const uids = async (name: string): Promise<readonly string[]> =>
    (await list(name)).map(({ metadata }) => metadata.uid).toSorted();
  const allReady = (name: string, count: number) =>
    until(async () => [...(await world.pods(name)).values()].filter(({ ready }) => ready).length === count);
  /** Revisions that there are, whoever made them, and the templates that a release keeps. */
  const revisions = async (name: string): Promise<readonly number[]> => {
    const { items } = await world.kube.list(controllerRevisions, { namespace: world.namespace });
    const own = items.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name));
    return own.map(({ revision }) => revision).toSorted((a, b) => a - b);
  };

  it('to another env; one that dies at the gate is born old and done again; nobody moves afterwards', async () => {
    await deploy('env', 3);
    const before = await uids('env');
    await world.start(withLevel('env'));
    await atGate('env');
    expect(await levels('env')).toBe('- - 1');
    const gray = (await list('env')).find((pod) => levelOf(pod) === '1');
    await world.kube.remove(pods, { namespace: world.namespace, name: gray?.metadata.name ?? '' });
    await until(async () => (await levels('env')) === '- - -');
    await allReady('env', 3);
    await send('env', 'approve', 'after-gray');
    expect(await ended('env')).toMatchObject({ phase: 'succeeded' });
    expect(await levels('env')).toBe('1 1 1');
    const after = await uids('env');
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
    await clean('env', 3);
    expect(await revisions('env')).toEqual(kept(1, 2));
    expect(await uids('env')).toEqual(after);
    if (kind === 'replicaset') return;
    const { entries } = await world.sluice.history(world.target('env'));
    expect(entries.map(({ native }) => [native?.revision, native?.current])).toEqual([
      [2, true],
      [1, false],
    ]);

    const change = undoChange(undoOf(await world.sluice.history(world.target('env'))), undefined);
    expect(change).toEqual({ revision: 1 });
    await world.start(withLevel('env', { change, gates: { afterGray: { approval: false } } }));
    await world.until('env', ({ version, endedAt }) => version === 'revision 1' && endedAt !== undefined);
    expect(await levels('env')).toBe('- - -');
    await clean('env', 3);
    expect(await uids('env')).toHaveLength(3);
  });

  it('a rollback at the gate brings back the gray pod, anew, and its history is as before', async () => {
    await deploy('back', 3);
    const before = await uids('back');
    await world.start(withLevel('back'));
    await atGate('back');
    await send('back', 'rollback');
    expect(await ended('back')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await levels('back')).toBe('- - -');
    expect((await uids('back')).filter((uid) => before.includes(uid))).toHaveLength(2);
    await clean('back', 3);
    expect(await revisions('back')).toEqual(kept(1));
  });

  it('a version that crashes stops at the gray pod', async () => {
    await deploy('crash', 3);
    const change = { images: { app: sampleImage('v3-crash') } };
    await world.start(withLevel('crash', { change, strategy: { mode: 'Recreate' } }));
    expect(await ended('crash')).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    const images = (await list('crash')).map(({ spec }) => spec.containers[0]?.image);
    expect(new Set(images)).toEqual(new Set([sampleImage('v1')]));
    await clean('crash', 3);
    expect(await revisions('crash')).toEqual(kept(1));
  });
});
