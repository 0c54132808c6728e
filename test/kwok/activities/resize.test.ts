import { expect, it } from 'vitest';
import { resourcesOf } from '../../../activities/kubernetes/podResources.ts';
import { templateFingerprint } from '../../../activities/kubernetes/templates.ts';
import { hasResources } from '../../../workflows/contract/resize.ts';
import { mark, mortally } from './anew.ts';
import { afterEachWrite } from './dying.ts';
import { deploy, eventually, ground, handful, v1, v2 } from './fixtures.ts';

const { world, sluice } = await ground();
const from = { app: { requests: { cpu: '5m' } } };
const to = { app: { requests: { cpu: '7m' } } };
const patchOf = ({ app }: typeof from) => ({ spec: { containers: [{ name: 'app', resources: app }] } });

/** A release of resources and an image by the activities alone, in a worker that dies after so many writes. */
async function story(count: number, back: boolean): Promise<boolean> {
  const worker = mortally(world.kube, sluice, count);
  const name = `${back ? 'back' : 'there'}-${count}`;
  const app = await deploy(world, { name, replicas: 2, resources: from.app });
  const { metadata, spec } = await app.deployment();
  const held = { target: app.target, uid: metadata.uid, holder: `release/${name}|run` };
  const template = {
    from: templateFingerprint(spec.template),
    to: mark,
    source: { patch: { spec: { containers: [{ ...patchOf(to).spec.containers[0], image: v2['app'] }] } } },
    differs: ['resources of app'],
  };
  const before = (await app.pods()).map((pod) => pod.metadata.uid).toSorted();
  const change = async (images: typeof v1, resources: typeof to, batch: string): Promise<void> => {
    const request = { ...handful(app.target, metadata.uid, held.holder, await app.pods(), images), resources, batch };
    expect(await worker.run('patch', request)).toMatchObject({ failed: [], later: [], gone: [] });
    await eventually(async () => (await worker.run('wait', request)).done.length === 2);
  };
  const request = { ...held, from: v1, to: v2, cause: 'c', mark, resources: to.app && to };
  await worker.run('acquire', { ...held, from: v1, template });
  await change(v2, to, 'gray');
  await worker.run('commit', request);
  if (back) {
    await worker.run('uncommit', request);
    await change(v1, from, 'undo');
  }
  await worker.run('release', { ...held, ...(!back && { keeps: v1 }), recreated: true });
  const after = await app.settled();
  expect(JSON.stringify([after.metadata.annotations, after.spec.template])).not.toContain('sluice.dev/');
  const pods = await app.pods();
  expect(pods.map((pod) => pod.metadata.uid).toSorted()).toEqual(before);
  expect(pods.every((pod) => hasResources(resourcesOf(pod), back ? from : to))).toBe(true);
  expect(after.spec.template.spec?.containers[0]).toMatchObject({
    image: (back ? v1 : v2)['app'],
    resources: (back ? from : to).app,
  });
  await eventually(async () => (await app.history()).length === (back ? 1 : 2));
  worker.close();
  return worker.died();
}

it('resources and an image, the worker killed after each write: the same pods with both, and two revisions', async () => {
  // Hold 2; two for each of 2 pods; commit 2; history, release, marks, templates.
  expect(await afterEachWrite((count) => story(count, false))).toBeGreaterThanOrEqual(11);
});

it('and back from a commit: the same pods as before, and one revision', async () => {
  expect(await afterEachWrite((count) => story(count, true))).toBeGreaterThanOrEqual(13);
});
