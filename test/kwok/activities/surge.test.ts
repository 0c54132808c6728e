import { describe, expect, it } from 'vitest';
import { podStatus } from '../../../activities/kubernetes/resources.ts';
import { isApart } from '../../../activities/kubernetes/surplus.ts';
import { templateFingerprint } from '../../../activities/kubernetes/templates.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import { watching } from '../../support/watching.ts';
import { batch, isThere, levelOf, type Mortal, mark, mortally, patch, uidOf } from './anew.ts';
import { afterEachWrite } from './dying.ts';
import { type App, attempt, deploy, eventually, ground, handful, v1 } from './fixtures.ts';

const { world, sluice } = await ground();
const livePods = async (app: App): Promise<readonly Pod[]> => (await app.pods()).filter(isThere);
const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
const sweepOf = {
  traffic: { through: [], quietMs: 0, maxDrainMs: 0, onDrainTimeout: 'Stop' },
  readyTimeoutMs: 60_000,
} as const;

async function acquired(worker: Mortal, name: string) {
  const app = await deploy(world, { name, replicas: 2 });
  const { metadata, spec } = await app.deployment();
  const held = { target: app.target, uid: metadata.uid, holder: `release/${name}|run` };
  const from = templateFingerprint(spec.template);
  await worker.run('acquire', { ...held, from: {}, template: { from, to: mark, source: { patch }, differs: [] } });
  return { app, held };
}

/** Nothing is left apart, and the controller has nothing to do. */
async function gaveBack(app: App, level: string): Promise<void> {
  const { metadata, spec } = await app.settled();
  expect(JSON.stringify([metadata.annotations, spec.template])).not.toContain('sluice.dev/');
  await eventually(async () => (await livePods(app)).length === 2);
  const after = await livePods(app);
  expect(after.map(levelOf)).toEqual([level, level]);
  expect(after.some(isApart)).toBe(false);
}

describe('newborns beside the old pods, the worker killed after each write', () => {
  it('as many pods as before are ready at every moment, and in the end there are so many', async () => {
    const writes = await afterEachWrite(async (count) => {
      const worker = mortally(world.kube, sluice, count);
      const { app, held } = await acquired(worker, `there-${count}`);
      const stop = watching(async () => (await livePods(app)).filter(isReady).length);
      await batch(worker, held, await app.pods(), 'to', 'gray', true);
      await worker.run('sweep', { ...held, ...sweepOf });
      await worker.run('commit', { ...held, from: {}, to: {}, cause: 'c', mark });
      await worker.run('release', { ...held, keeps: v1, recreated: true });
      await gaveBack(app, '1');
      expect(Math.min(...(await stop()))).toBeGreaterThanOrEqual(2);
      await eventually(async () => (await app.history()).length === 2);
      worker.close();
      return worker.died();
    });
    // Hold 2; births 2; set apart 2, claims 2, deletes 2; commit 3; history, release, marks, templates.
    expect(writes).toBeGreaterThanOrEqual(15);
  });

  it('and back from a batch: each pod is the old version again, and none is left apart', async () => {
    await afterEachWrite(async (count) => {
      const worker = mortally(world.kube, sluice, count);
      const { app, held } = await acquired(worker, `back-${count}`);
      await batch(worker, held, await app.pods(), 'to', 'gray', true);
      await batch(worker, held, await app.pods(), 'from', 'undo', true);
      await worker.run('sweep', { ...held, ...sweepOf });
      await worker.run('release', { ...held, recreated: true });
      await gaveBack(app, '-');
      expect(await app.history()).toHaveLength(1);
      worker.close();
      return worker.died();
    });
  });

  it('what a release that was terminated has set apart serves on, and goes when the next one has as many pods ready', async () => {
    const worker = mortally(world.kube, sluice, 1_000);
    const app = await deploy(world, { name: 'left', replicas: 2 });
    const { metadata, spec } = await app.deployment();
    const held = { target: app.target, uid: metadata.uid, holder: 'release/left|run' };
    const before = (await app.pods()).map(uidOf).toSorted();
    const serving = async () => (await livePods(app)).filter(isReady).map(uidOf).toSorted();
    // The new version is never ready.
    const gate = 'sluice.dev/test';
    const from = templateFingerprint(spec.template);
    const never = { spec: { readinessGates: [{ conditionType: gate }] } };
    await worker.run('acquire', {
      ...held,
      from: {},
      template: { from, to: mark, source: { patch: never }, differs: [] },
    });
    const births = { side: 'to', mark } as const;
    await worker.run('bear', { ...held, births });
    const request = handful(app.target, held.uid, held.holder, await app.pods(), {}, { births, surge: true });
    await worker.run('recreate', request);
    await eventually(async () => (await livePods(app)).length === 4);
    expect(await serving()).toEqual(before);

    const next = { ...held, holder: 'release/left|another' };
    await attempt(sluice, 'acquire', { ...next, from: v1 });
    await attempt(sluice, 'sweep', { ...next, ...sweepOf, readyTimeoutMs: 1_000 });
    expect(await serving()).toEqual(before);
    for (const { metadata: of } of (await livePods(app)).filter((pod) => !isApart(pod))) {
      const conditions = [{ type: gate, status: 'True' }];
      const at = { namespace: world.namespace, name: of.name };
      await world.kube.patch(podStatus, at, { status: { conditions } }, { as: 'strategic' });
    }
    await attempt(sluice, 'release', next);
    await eventually(async () => (await livePods(app)).length === 2);
    const after = await livePods(app);
    expect([after.some(isApart), after.every(isReady)]).toEqual([false, true]);
    worker.close();
  });
});
