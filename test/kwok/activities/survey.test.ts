import { describe, expect, it } from 'vitest';
import { deployments } from '../../../activities/kubernetes/resources.ts';
import type { SurveyRequest } from '../../../workflows/contract/activities/survey.ts';
import { fingerprint } from '../../../workflows/contract/fingerprint.ts';
import { marks } from '../../../workflows/contract/names.ts';
import { type App, attempt, deploy, eventually, ground, v1, v2 } from './fixtures.ts';

const { world, sluice } = await ground();

/** A Deployment that a release holds, and the look of that release at it. */
async function taken(name: string, replicas = 2): Promise<{ app: App; look: SurveyRequest }> {
  const app = await deploy(world, { name, replicas });
  const { uid } = (await app.deployment()).metadata;
  const held = { target: app.target, uid, holder: `release/${name}|run` };
  await attempt(sluice, 'acquire', { ...held, from: v1 });
  const pods = await app.pods();
  const expected = fingerprint(pods.map(({ metadata }) => metadata));
  return { app, look: { ...held, images: v2, from: v1, spreadBy: 'kubernetes.io/hostname', expected, undo: false } };
}

const template = (app: App, container: object) =>
  world.kube.patch(
    deployments,
    app.target,
    { spec: { template: { spec: { containers: [{ name: 'app', ...container }] } } } },
    { as: 'strategic' },
  );

describe('the survey between two batches', () => {
  it('says nothing of the pods while they are as expected, and names all that are left when one was born', async () => {
    const { app, look } = await taken('born');
    expect(await attempt(sluice, 'survey', look)).toEqual({ replicas: 2 });
    await world.kube.patch(deployments, app.target, { spec: { replicas: 3 } }, { as: 'merge' });
    const found = await eventually(async () => {
      const { replicas, pods } = await attempt(sluice, 'survey', look);
      return replicas === 3 && pods;
    });
    expect(found.map(({ name }) => name).toSorted()).toEqual(
      (await app.pods()).map(({ metadata }) => metadata.name).toSorted(),
    );
    expect(found[0]).toMatchObject({ node: expect.any(String), zone: expect.any(String) });
    // Before the commit a last look catches who is born later.
    await attempt(sluice, 'commit', { ...look, to: v2, cause: 'c' });
    expect((await app.pods()).map(({ spec }) => spec.containers[0]?.image)).toEqual([v2.app, v2.app, v2.app]);
  });

  it('stops over a changed template and names the difference; taking over makes it as it was', async () => {
    const { app, look } = await taken('drifted');
    const before = (await app.deployment()).spec.template;
    await template(app, { image: 'registry.test/shop:theirs', env: [{ name: 'MODE', value: 'theirs' }] });
    await expect(attempt(sluice, 'survey', look)).rejects.toMatchObject({
      type: 'WORKLOAD_CHANGED',
      nonRetryable: true,
      message: expect.stringContaining('spec.containers[0]'),
      details: [expect.objectContaining({ next: expect.stringContaining('sluice take-over') })],
    });
    await attempt(sluice, 'takeOver', look);
    await attempt(sluice, 'takeOver', look);
    expect((await app.deployment()).spec.template).toEqual(before);
    expect(await attempt(sluice, 'survey', look)).toEqual({ replicas: 2 });
    // A rollback looks at the pods only.
    await template(app, { image: 'registry.test/shop:theirs' });
    expect(await attempt(sluice, 'survey', { ...look, undo: true })).toEqual({ replicas: 2 });
  });

  it('stops when somebody resumed it or took our mark away; taking over holds it again', async () => {
    const { app, look } = await taken('resumed');
    await world.kube.patch(deployments, app.target, { spec: { paused: null } }, { as: 'merge' });
    await expect(attempt(sluice, 'survey', look)).rejects.toMatchObject({
      message: expect.stringContaining('resumed'),
    });
    await attempt(sluice, 'takeOver', look);
    expect(await attempt(sluice, 'survey', look)).toEqual({ replicas: 2 });

    const annotations = { [marks.release]: null, [marks.before]: null };
    await world.kube.patch(deployments, app.target, { metadata: { annotations } }, { as: 'merge' });
    await expect(attempt(sluice, 'survey', look)).rejects.toMatchObject({ type: 'WORKLOAD_CHANGED' });
    await attempt(sluice, 'takeOver', look);
    expect(await attempt(sluice, 'survey', look)).toEqual({ replicas: 2 });
    await attempt(sluice, 'release', look);
    expect((await app.deployment()).spec.paused ?? false).toBe(false);
  });

  it('is not taken over from another release', async () => {
    const { app, look } = await taken('others');
    const annotations = { [marks.release]: 'release/other|run' };
    await world.kube.patch(deployments, app.target, { metadata: { annotations } }, { as: 'merge' });
    await expect(attempt(sluice, 'takeOver', look)).rejects.toMatchObject({ type: 'WORKLOAD_BUSY' });
  });

  it('given back to be adopted, their change is rolled out natively and nothing of ours is left', async () => {
    const { app, look } = await taken('adopted');
    await template(app, { image: 'registry.test/shop:theirs' });
    await expect(attempt(sluice, 'release', look)).rejects.toMatchObject({ type: 'WORKLOAD_CHANGED' });
    await attempt(sluice, 'release', { ...look, adopt: true });
    await eventually(async () => {
      const pods = await app.pods();
      return pods.length === 2 && pods.every(({ spec }) => spec.containers[0]?.image === 'registry.test/shop:theirs');
    });
    expect(JSON.stringify((await app.settled()).metadata.annotations ?? {})).not.toContain('sluice.dev/');
  });

  it('ends when the Deployment was deleted', async () => {
    const { app, look } = await taken('vanished', 1);
    await world.kube.remove(deployments, app.target);
    for (const undo of [true, false]) {
      await expect(attempt(sluice, 'survey', { ...look, undo })).rejects.toMatchObject({
        type: 'WORKLOAD_NOT_FOUND',
        nonRetryable: true,
      });
    }
  });
});
