import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { endpointSlices, pods } from '../../activities/kubernetes/resources.ts';
import { isApart } from '../../activities/kubernetes/surplus.ts';
import type { Pod } from '../../activities/kubernetes/wire.ts';
import { endpointsOf } from '../../activities/traffic/endpointView.ts';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { startLoad } from '../support/load.ts';
import { watching } from '../support/watching.ts';
import { openWorld, type World } from '../support/world.ts';

/** New pods before the old ones go, under load: as many endpoints as before at every moment. */
describe('Recreate with maxSurge on a real kubelet', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  const image = () => sampleImage('v1', world.env['SLUICE_REGISTRY']);
  const spec = (name: string): ReleaseSpecInput => ({
    ...world.spec(name, image(), { traffic: { through: [{ service: name }], quiet: '250ms', maxDrain: '20s' } }),
    checks: [{ http: { path: '/' } }],
    strategy: { gray: { pods: 1 }, batches: { count: 2 }, maxSurge: 2, readyTimeout: '5m' },
    change: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: 'debug' }] }] } } },
  });
  const list = async (name: string): Promise<readonly Pod[]> => {
    const { items } = await world.kube.list(pods, { namespace: world.namespace, labelSelector: `app=${name}` });
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };
  const levels = async (name: string): Promise<string> =>
    (await list(name))
      .map(({ spec: of }) => of.containers[0]?.env?.find(({ name: key }) => key === 'LEVEL')?.value ?? '-')
      .toSorted()
      .join(' ');
  const endpoints = async (name: string): Promise<number> => {
    const labelSelector = `kubernetes.io/service-name=${name}`;
    return endpointsOf((await world.kube.list(endpointSlices, { namespace: world.namespace, labelSelector })).items)
      .ready;
  };

  /** A release under load; answers the fewest endpoints that there were. */
  async function underLoad(name: string, story: () => Promise<void>): Promise<number> {
    await world.deploy({ name, image: image(), runtime: 'containerd', replicas: 4 });
    const where = { kube: world.kube, namespace: world.namespace, service: name };
    const load = await startLoad({ ...where, rate: 100, keepAlive: true });
    const stop = watching(() => endpoints(name));
    await world.start(spec(name));
    await story();
    const seen = await stop();
    const { failed, sent } = await load.stop();
    expect(failed).toEqual([]);
    expect(sent).toBeGreaterThan(100);
    return Math.min(...seen);
  }
  const ended = (name: string) => world.until(name, ({ endedAt }) => endedAt !== undefined);

  it('an env changes: 0 failed requests, never fewer endpoints than before, native history', async () => {
    const name = 'beside';
    const fewest = await underLoad(name, async () => {
      expect(await ended(name)).toMatchObject({ phase: 'succeeded', progress: { total: 4, done: 4, failed: 0 } });
    });
    expect(fewest).toBeGreaterThanOrEqual(4);
    expect(await levels(name)).toBe('debug debug debug debug');
    expect((await list(name)).some(isApart)).toBe(false);
    expect(await world.traces(name)).toEqual([]);
    const kubectl = (...args: string[]): string =>
      execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
        env: { ...process.env, ...world.env },
        encoding: 'utf8',
      });
    expect(kubectl('rollout', 'status', `deployment/${name}`, '--timeout=20s')).toContain('successfully');
    expect(kubectl('rollout', 'history', `deployment/${name}`)).toMatch(/^1 [\s\S]*^2 +sluice: /m);
  });

  it('a rollback in the middle of a batch: 0 failed requests, never fewer endpoints, the old template again', async () => {
    const name = 'back';
    const fewest = await underLoad(name, async () => {
      await world.until(name, (status) => status.batches[1]?.state === 'running');
      await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
      expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    });
    expect(fewest).toBeGreaterThanOrEqual(4);
    expect(await levels(name)).toBe('- - - -');
    expect((await list(name)).some(isApart)).toBe(false);
    expect(await world.traces(name)).toEqual([]);
  });
});
