import { describe, expect, it } from 'vitest';
import { controllerRevisions, pods } from '../../../activities/kubernetes/resources.ts';
import { templateFingerprint } from '../../../activities/kubernetes/templates.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { deny } from './admission.ts';
import { batch, isThere, levelOf, type Mortal, mark, mortally, patch, uidOf } from './anew.ts';
import { afterEachWrite } from './dying.ts';
import { type App, attempt, deploy, eventually, ground, handful, v1 } from './fixtures.ts';

const { world, sluice } = await ground();

const livePods = async (app: App): Promise<readonly Pod[]> => (await app.pods()).filter(isThere);
const mortal = (count: number) => mortally(world.kube, sluice, count);

async function acquired(worker: Mortal, name: string) {
  const app = await deploy(world, { name, replicas: 2 });
  const { metadata, spec } = await app.deployment();
  const held = { target: app.target, uid: metadata.uid, holder: `release/${name}|run` };
  const from = templateFingerprint(spec.template);
  await worker.run('acquire', { ...held, from: {}, template: { from, to: mark, source: { patch }, differs: [] } });
  return { app, held, before: await livePods(app) };
}

/** Nothing of the release is left, and the controller has nothing to do. */
async function gaveBack(app: App): Promise<void> {
  const { metadata, spec } = await app.settled();
  expect(JSON.stringify([metadata.annotations, spec.template])).not.toContain('sluice.dev/');
  const { items } = await world.kube.list(controllerRevisions, { namespace: world.namespace });
  expect(items.filter((kept) => kept.metadata.name.startsWith(`${metadata.name}-sluice-`))).toEqual([]);
}

const commit = (held: HeldRequest) => ({ ...held, from: {}, to: {}, cause: 'c', mark });

describe('pods made anew, the worker killed after each write', () => {
  it('to the new template: each pod is replaced once, and the resume recreates nothing', async () => {
    const writes = await afterEachWrite(async (count) => {
      const worker = mortal(count);
      const { app, held, before } = await acquired(worker, `anew-${count}`);
      await batch(worker, held, await app.pods(), 'to', 'gray');
      await worker.run('commit', commit(held));
      await worker.run('release', { ...held, keeps: v1, recreated: true });
      await gaveBack(app);
      const after = await livePods(app);
      expect(after.map(levelOf)).toEqual(['1', '1']);
      const replaced = after.map(({ metadata }) => metadata.annotations?.['sluice.dev/replaces'] ?? '');
      expect(replaced.toSorted()).toEqual(before.map(uidOf).toSorted());
      await eventually(async () => (await app.history()).length === 2);
      expect((await app.history()).map((line) => line.slice(0, 2))).toEqual(['1:', '2:']);
      expect((await livePods(app)).map(uidOf).toSorted()).toEqual(after.map(uidOf).toSorted());
      worker.close();
      return worker.died();
    });
    // Hold 2; births 2; deletes 2, claims 2; commit 3; history, release, marks, templates.
    expect(writes).toBeGreaterThanOrEqual(13);
  });

  it('and back from a commit: each pod is the old version again', async () => {
    await afterEachWrite(async (count) => {
      const worker = mortal(count);
      const { app, held } = await acquired(worker, `back-${count}`);
      await batch(worker, held, await app.pods(), 'to', 'gray');
      await worker.run('commit', commit(held));
      await worker.run('uncommit', commit(held));
      await batch(worker, held, await app.pods(), 'from', 'undo');
      await worker.run('release', { ...held, recreated: true });
      await gaveBack(app);
      expect((await livePods(app)).map(levelOf)).toEqual(['-', '-']);
      expect(await app.history()).toHaveLength(1);
      worker.close();
      return worker.died();
    });
  });

  it('a release that was terminated in a batch leaves nothing that the next one would take for its own', async () => {
    const worker = mortal(1_000);
    const { app, held } = await acquired(worker, 'left');
    await worker.run('bear', { ...held, births: { side: 'to', mark } });
    const next = { ...held, holder: 'release/left|another' };
    await attempt(sluice, 'acquire', { ...next, from: v1 });
    await attempt(sluice, 'release', next);
    await gaveBack(app);
    expect((await livePods(app)).map(levelOf)).toEqual(['-', '-']);
    worker.close();
  });
});

describe('births that admission refuses', () => {
  const isOld = "!object.spec.containers.exists(c, has(c.env) && c.env.exists(e, e.name == 'LEVEL'))";

  it('scenario 34: before anything is drained the births are rehearsed; what is refused later fails with what was said', async () => {
    const worker = mortal(1_000);
    const { app, held, before } = await acquired(worker, 'denied');
    const births = { side: 'to' as const, mark };
    const denial = await deny(world, pods, isOld, 'LEVEL is not for here', 'CREATE');
    try {
      const refusal = await eventually(() =>
        attempt(sluice, 'bear', { ...held, births }).then(
          async () => {
            await attempt(sluice, 'bear', held);
            return undefined;
          },
          (error: unknown) => error,
        ),
      );
      expect(refusal).toMatchObject({
        type: 'PATCH_REFUSED',
        message: expect.stringMatching(/^No pod can be born from the new template: .*LEVEL is not for here/s),
      });
      const live = (await app.sets()).find(({ spec }) => spec.replicas === 2);
      expect(JSON.stringify(live?.spec.template)).not.toContain('LEVEL');
      await denial.lift();
      await eventually(() => attempt(sluice, 'bear', { ...held, births }).then(() => true));
    } finally {
      await denial.lift();
    }
    const later = await deny(world, pods, isOld, 'LEVEL is not for here', 'CREATE');
    try {
      // The policy needs a moment to hold, and pods that are born before it does are well.
      await eventually(() =>
        attempt(sluice, 'bear', { ...held, births }).then(
          () => undefined,
          () => true,
        ),
      );
      const request = handful(app.target, held.uid, held.holder, before.slice(0, 1), {}, { births });
      const answer = await eventually(async () => {
        const { failed } = await attempt(sluice, 'recreate', request);
        return failed[0];
      });
      expect(answer).toMatchObject({
        code: 'POD_FAILED',
        reason: expect.stringMatching(/^no pod is born in its place: .*LEVEL is not for here/s),
      });
    } finally {
      await later.lift();
    }
    await attempt(sluice, 'bear', held);
    await attempt(sluice, 'release', { ...held, recreated: true });
    await gaveBack(app);
    expect((await livePods(app)).map(levelOf)).toEqual(['-', '-']);
    worker.close();
  });
});
