import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pods } from '../../activities/kubernetes/resources.ts';
import { resolveBinaries } from '../../local/binaries/resolve.ts';
import { run } from '../../local/containerd/run.ts';
import { sampleImage } from '../../local/sample.ts';
import { marks } from '../../workflows/contract/names.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type World } from '../support/world.ts';

/** An image that no node has: that of `tag`, with an environment of its own. */
async function newImage(registry: string, tag: 'v2'): Promise<string> {
  const { crane } = await resolveBinaries(['crane']);
  const fresh = sampleImage(tag, registry).replace(tag, `${tag}-${randomBytes(4).toString('hex')}`);
  await run(crane, ['mutate', sampleImage(tag, registry), `--env=FRESH=${fresh}`, `--tag=${fresh}`]);
  return fresh;
}

describe('the pull before a release, on a real kubelet', () => {
  const { stateDir, registry } = inject('kubelet');
  let world: World;
  beforeAll(async () => {
    world = await openWorld(stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  const deploy = (name: string) =>
    world.deploy({ name, image: sampleImage('v1', registry), runtime: 'containerd', replicas: 4 });
  const through = (name: string) => ({ through: [{ service: name }], quiet: '250ms', maxDrain: '20s' });
  const ended = (name: string) => world.until(name, (status) => status.endedAt !== undefined);
  const pulling = async () =>
    (await world.kube.list(pods, { namespace: world.namespace, labelSelector: marks.prePull })).items;

  it('an image that is on no node is there before the first drain; 0 failed requests', async () => {
    const name = 'fresh';
    const image = await newImage(registry, 'v2');
    await deploy(name);
    const { kube, namespace } = world;
    const load = await startLoad({ kube, namespace, service: name, rate: 100, keepAlive: false });
    await world.start(world.spec(name, image, { traffic: through(name) }));
    const status = await ended(name);
    const result = await load.stop();
    expect(status).toMatchObject({ phase: 'succeeded', notUndone: [] });
    const log = status.log.map(({ text }) => text);
    const at = log.findIndex((text) => /^Pulled v2-\w+ on 1 node in /.test(text));
    expect(at, log.join('\n')).toBeGreaterThanOrEqual(0);
    expect(at).toBeLessThan(log.findIndex((text) => text.startsWith('gray: ')));
    expect(result.failed).toEqual([]);
    expect(result.versions['v2']).toBeGreaterThan(0);
    expect(await pulling()).toEqual([]);
    expect(await world.traces(name)).toEqual([]);
  });

  it.each(['Auto', 'Require'] as const)('one that cannot be had leaves the workload untouched: %s', async (prePull) => {
    const name = `gone-${prePull.toLowerCase()}`;
    await deploy(name);
    const before = await world.pods(name);
    // A registry that the plan cannot ask, or it would be refused there.
    const image = sampleImage('v2', registry.replace('127.0.0.1', '127.0.0.2')).replace('v2', 'nope');
    await world.start(world.spec(name, image, { change: { images: { app: image }, prePull, prePullTimeout: '8s' } }));
    const status = await ended(name);
    expect(status).toMatchObject({ phase: 'failed', failure: { code: 'IMAGE_PULL_FAILED' }, notUndone: [] });
    expect(status.failure?.text).toContain(image);
    expect(await world.pods(name)).toEqual(before);
    expect(await pulling()).toEqual([]);
    expect(await world.traces(name)).toEqual([]);
  });
});
