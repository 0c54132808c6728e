import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import type { KindName } from '../../workflows/contract/kinds.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type PodFacts, type World } from '../support/world.ts';

vi.setConfig({ testTimeout: 300_000 });

const kinds: readonly KindName[] = ['statefulset'];

/** What stays of a pod, whatever is done to it. */
const identities = (pods: ReadonlyMap<string, PodFacts>) =>
  [...pods]
    .map(([name, { uid, ip, node }]) => ({ name, uid, ip, node }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

describe.each(kinds)('a %s on a real kubelet', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  const image = (tag: SampleTag): string => sampleImage(tag, world.env['SLUICE_REGISTRY']);
  const through = (name: string) => ({ through: [{ service: name }], quiet: '250ms', maxDrain: '20s' });
  const kubectl = (...args: string[]): string =>
    execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
      env: { ...process.env, ...world.env },
      encoding: 'utf8',
    });
  const load = (service: string) =>
    startLoad({ kube: world.kube, namespace: world.namespace, service, rate: 100, keepAlive: false });

  it('scenarios 27, 39, 42: v1 → v2 under load: 0 failed requests, the same pods, native history and undo', async () => {
    const name = 'shop';
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 4 });
    const before = await world.pods(name);
    const callers = await load(name);
    await world.start(world.spec(name, image('v2'), { traffic: through(name) }));
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    const result = await callers.stop();
    expect(ended).toMatchObject({ phase: 'succeeded', progress: { total: 4, done: 4, failed: 0 } });
    expect(result.failed).toEqual([]);
    expect(result.versions['v2']).toBeGreaterThan(0);

    const status = kubectl('rollout', 'status', `${kind}/${name}`, '--timeout=20s');
    expect(status).toMatch(/complete/);
    const history = kubectl('rollout', 'history', `${kind}/${name}`);
    expect(history).toMatch(/^1 [\s\S]*^2 +sluice: /m);
    expect(history).not.toMatch(/^3 /m);
    const after = await world.pods(name);
    expect(identities(after)).toEqual(identities(before));
    for (const [pod, { restarts, ready }] of after) {
      expect({ pod, restarts, ready }).toEqual({ pod, restarts: (before.get(pod)?.restarts ?? 0) + 1, ready: true });
    }
    expect(await world.traces(name)).toEqual([]);

    kubectl('rollout', 'undo', `${kind}/${name}`);
    kubectl('rollout', 'status', `${kind}/${name}`, '--timeout=120s');
    const undone = [...(await world.pods(name)).values()].map((pod) => pod.image.split('@')[0]);
    expect(new Set(undone)).toEqual(new Set([image('v1')]));
  });

  it('a rollback in the middle of a batch under load: every pod back on its old version, 0 failed requests', async () => {
    const name = 'undo';
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 4 });
    const before = await world.pods(name);
    const callers = await load(name);
    // Long enough in silence to be met in the middle.
    await world.start(world.spec(name, image('v2'), { traffic: { ...through(name), quiet: '3s' } }));
    await world.until(name, (status) => status.batches[1]?.state === 'running');
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    const result = await callers.stop();
    expect(ended).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(result.failed).toEqual([]);
    const after = await world.pods(name);
    expect(identities(after)).toEqual(identities(before));
    expect([...after.values()].every((pod) => pod.ready && pod.image === image('v1'))).toBe(true);
    expect(kubectl('rollout', 'history', `${kind}/${name}`)).not.toMatch(/^2 /m);
    expect(await world.traces(name)).toEqual([]);
  });
});
