import { describe, expect, it } from 'vitest';
import { controllerRevisions } from '../../../activities/kubernetes/resources.ts';
import { templateFingerprint } from '../../../activities/kubernetes/templates.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { batch, isThere, levelOf, type Mortal, mark, mortally, patch, uidOf } from '../activities/anew.ts';
import { afterEachWrite } from '../activities/dying.ts';
import { eventually, ground, v1 } from '../activities/fixtures.ts';
import { bornKinds, deployRevised, type RevisedApp, type Templated } from './revised.ts';

const { world, sluice } = await ground();

describe.each(bornKinds)('pods of a $kind made anew, the worker killed after each write', (of) => {
  const remembered = (...lines: readonly string[]) => (of.kind === 'replicaset' ? [] : lines);
  async function acquired(worker: Mortal, name: string) {
    const app = await deployRevised(world, of, { name: `${name}-${of.kind}`, replicas: 2 });
    const held = await app.held();
    const { spec } = await app.workload();
    const from = templateFingerprint(spec.template ?? {});
    const before = (await app.pods()).map(uidOf).toSorted();
    await worker.run('acquire', { ...held, from: {}, template: { from, to: mark, source: { patch }, differs: [] } });
    return { app, held, before };
  }

  async function gaveBack(app: RevisedApp<Templated>, levels: readonly string[]): Promise<void> {
    const { metadata, spec } = await app.settled();
    expect(JSON.stringify([metadata.annotations, spec.template])).not.toContain('sluice.dev/');
    const { items } = await world.kube.list(controllerRevisions, { namespace: world.namespace });
    expect(items.filter((kept) => kept.metadata.name.startsWith(`${metadata.name}-sluice-`))).toEqual([]);
    const live = (await app.pods()).filter(isThere);
    expect(live.map(levelOf)).toEqual(levels);
    // Whoever else would move pods has had its chance by then.
    await app.settled();
    expect((await app.pods()).map(uidOf).toSorted()).toEqual(live.map(uidOf).toSorted());
  }

  const commit = (held: HeldRequest) => ({ ...held, from: {}, to: {}, cause: 'c', mark });

  it('to the new template: each pod is replaced once, and nobody moves when it is given back', async () => {
    await afterEachWrite(async (count) => {
      const worker = mortally(world.kube, sluice, count);
      const { app, held, before } = await acquired(worker, `anew-${count}`);
      // The highest ordinal first, while its controller makes the lowest first.
      const became = await batch(worker, held, (await app.pods()).toReversed(), 'to', 'gray');
      const misplaced = [...became].filter(([pod, name]) => of.kind === 'statefulset' && pod !== name);
      expect(misplaced).toEqual([]);
      await worker.run('commit', commit(held));
      await worker.run('release', { ...held, keeps: v1, recreated: true });
      await gaveBack(app, ['1', '1']);
      const replaced = (await app.pods()).map(({ metadata }) => metadata.annotations?.['sluice.dev/replaces'] ?? '');
      expect(replaced.toSorted()).toEqual(before);
      const both = remembered('1: registry.test/shop:v1 (first)', '2: registry.test/shop:v1 (c)');
      await eventually(async () => (await app.history()).length === both.length);
      expect(await app.history()).toEqual(both);
      worker.close();
      return worker.died();
    });
  });

  it('and back from a commit: each pod is the old version again, and so is the history', async () => {
    await afterEachWrite(async (count) => {
      const worker = mortally(world.kube, sluice, count);
      const { app, held } = await acquired(worker, `back-${count}`);
      await batch(worker, held, await app.pods(), 'to', 'gray');
      await worker.run('commit', commit(held));
      await worker.run('uncommit', commit(held));
      await batch(worker, held, await app.pods(), 'from', 'undo');
      await worker.run('release', { ...held, recreated: true });
      await gaveBack(app, ['-', '-']);
      expect(await app.history()).toEqual(remembered('1: registry.test/shop:v1 (first)'));
      worker.close();
      return worker.died();
    });
  });
});
