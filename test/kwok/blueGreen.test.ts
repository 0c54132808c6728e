import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import {
  controllerRevisions,
  deployments,
  endpointSlices,
  replicaSets,
  services,
} from '../../activities/kubernetes/resources.ts';
import { endpointsOf } from '../../activities/traffic/endpointView.ts';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { openWorld, type World } from '../support/world.ts';
import { releasesIn, versionOf } from './support/releases.ts';

vi.setConfig({ testTimeout: 300_000 });

let world: World;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  await world.worker();
});
afterAll(() => world?.close());

const { deploy, ended, atGate, clean, versions, uids } = releasesIn(() => world);
const send = (name: string, message: 'approve' | 'rollback' | 'takeOver' | 'adopt', gate?: string) =>
  world.sluice.send(world.target(name), message, { by: 'bob', ...(gate && { gate }) });

/** v2 of `name`: an approval before the switch, and a long time to go back after it. */
const beside = (name: string, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput => ({
  ...world.spec(name, sampleImage('v2'), { traffic: { quiet: '0s' } }),
  strategy: { mode: 'BlueGreen', readyTimeout: '60s', blueGreen: { keepOld: '1h' } },
  gates: { afterGray: { approval: {} } },
  ...change,
});
const at = (name: string) => ({ namespace: world.namespace, name });
const selector = async (name: string) => (await world.kube.get(services, at(name))).spec.selector;

/** Versions of the pods that the Service sends callers to, as `v1 v1 v2`. */
async function called(name: string): Promise<string> {
  const labelSelector = `kubernetes.io/service-name=${name}`;
  const { items } = await world.kube.list(endpointSlices, { namespace: world.namespace, labelSelector });
  const inside = endpointsOf(items).pods;
  const pods = [...(await world.pods(name.replace(/-preview$/, ''))).values()];
  return pods
    .filter(({ uid }) => inside.get(uid)?.ready === true)
    .map(({ image }) => versionOf(image))
    .toSorted()
    .join(' ');
}
const all = (version: string, count: number): string => Array.from({ length: count }, () => version).join(' ');
const afterSwitch = (name: string) => world.until(name, ({ waiting }) => waiting?.gate === 'after-switch');

/** The Deployment has one ReplicaSet with pods, and nothing that the release kept is there. */
async function settled(name: string): Promise<void> {
  const { namespace } = world;
  const kept = await world.kube.list(controllerRevisions, { namespace });
  expect(kept.items.filter(({ metadata }) => metadata.name.startsWith(`${name}-sluice-`))).toEqual([]);
  const deployment = await world.kube.get(deployments, at(name));
  const { items } = await world.kube.list(replicaSets, { namespace });
  const own = items.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid),
  );
  expect(own.filter(({ spec }) => (spec.replicas ?? 0) > 0)).toHaveLength(1);
  expect(own.every(({ metadata }) => metadata.ownerReferences?.every(({ controller }) => controller === true))).toBe(
    true,
  );
  expect(deployment.spec.paused).toBeUndefined();
  expect(await selector(name)).toEqual({ app: name });
}

describe('blue/green', () => {
  it('nobody calls the new pods before the switch; after the time to go back the old ones go; native history has both', async () => {
    await deploy('swap', 4);
    const before = await uids('swap');
    const plan = await world.sluice.plan(validateSpec(beside('swap')));
    expect([plan.mode.used, plan.blueGreen?.services]).toEqual(['BlueGreen', ['swap']]);
    expect(plan.writes.join('\n')).toContain('4 pods, beside');
    await world.start(beside('swap'));
    const waiting = await atGate('swap');
    expect(waiting.batches.map(({ name, state }) => `${name} ${state}`)).toEqual(['green done', 'blue waiting']);
    expect([await versions('swap'), await called('swap')]).toEqual([`${all('v1', 4)} ${all('v2', 4)}`, all('v1', 4)]);
    await send('swap', 'approve', 'before-switch');
    const kept = await afterSwitch('swap');
    expect(kept.text).toContain('rollback is one write');
    expect([await called('swap'), (await uids('swap')).length]).toEqual([all('v2', 4), 8]);
    await send('swap', 'approve', 'after-switch');
    expect(await ended('swap')).toMatchObject({ phase: 'succeeded', progress: { total: 8, done: 8 } });
    expect(await versions('swap')).toBe(all('v2', 4));
    expect((await uids('swap')).filter((uid) => before.includes(uid))).toEqual([]);
    await settled('swap');
    await clean('swap', 4);
    const { entries } = await world.sluice.history(world.target('swap'));
    expect(entries.map(({ native }) => [native?.revision, native?.current])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  it('rolled back before the switch the old pods were never touched', async () => {
    await deploy('early', 3);
    const before = await uids('early');
    await world.start(beside('early'));
    await atGate('early');
    await send('early', 'rollback');
    expect(await ended('early')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await uids('early')).toEqual(before);
    await settled('early');
    await clean('early', 3);
  });

  it('rolled back after the switch the old pods, which stayed, are called again', async () => {
    await deploy('late', 3);
    const before = await uids('late');
    await world.start(beside('late', { gates: { afterGray: { approval: false } } }));
    await afterSwitch('late');
    expect(await called('late')).toBe(all('v2', 3));
    await send('late', 'rollback');
    expect(await ended('late')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await uids('late')).toEqual(before);
    await settled('late');
    await clean('late', 3);
  });
});
