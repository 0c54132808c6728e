import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { versionOf } from '../kwok/support/releases.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type World } from '../support/world.ts';

/** All new pods beside the old, and the Service switched, under load. */
describe('BlueGreen on a real kubelet', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  const image = (tag: SampleTag) => sampleImage(tag, world.env['SLUICE_REGISTRY']);
  const kubectl = (...args: string[]): string =>
    execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
      env: { ...process.env, ...world.env },
      encoding: 'utf8',
    });
  const load = (service: string, keepAlive: boolean) =>
    startLoad({ kube: world.kube, namespace: world.namespace, service, rate: 100, keepAlive });
  const beside = (name: string): ReleaseSpecInput => ({
    ...world.spec(name, image('v2'), {
      traffic: { quiet: '250ms', maxDrain: '20s' },
      checks: [{ http: { path: '/' } }],
    }),
    strategy: { mode: 'BlueGreen', readyTimeout: '5m', blueGreen: { keepOld: '1h' } },
    gates: { afterGray: { approval: {} } },
  });
  const versions = async (name: string): Promise<string> =>
    [...(await world.pods(name)).values()]
      .map((pod) => versionOf(pod.image))
      .toSorted()
      .join(' ');
  const at = (name: string, gate: string) => world.until(name, ({ waiting }) => waiting?.gate === gate);
  const approve = (name: string, gate: string) => world.sluice.send(world.target(name), 'approve', { by: 'bob', gate });

  it('switches under load: 0 failed requests, no call to a new pod before, native history and undo', async () => {
    const name = 'swap';
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 3 });
    const early = await load(name, false);
    await world.start(beside(name));
    await at(name, 'before-switch');
    const before = await early.stop();
    expect([before.failed, Object.keys(before.versions)]).toEqual([[], ['v1']]);
    const callers = await load(name, true);
    const more = await load(name, false);
    await approve(name, 'before-switch');
    await at(name, 'after-switch');
    expect(await versions(name)).toBe('v1 v1 v1 v2 v2 v2');
    const born = [...(await world.pods(name)).values()].filter((pod) => pod.image.includes(':v2'));
    await approve(name, 'after-switch');
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    expect(ended).toMatchObject({ phase: 'succeeded' });
    expect(kubectl('rollout', 'status', `deployment/${name}`, '--timeout=20s')).toContain('successfully rolled out');
    const results = [await callers.stop(), await more.stop()];
    expect(results.flatMap(({ failed }) => failed)).toEqual([]);
    for (const { versions: answers } of results) expect(answers['v2']).toBeGreaterThan(0);
    const after = [...(await world.pods(name)).values()];
    expect(after.map(({ uid }) => uid).toSorted()).toEqual(born.map(({ uid }) => uid).toSorted());
    expect(kubectl('rollout', 'history', `deployment/${name}`)).toMatch(/^1 [\s\S]*^2 +sluice: /m);
    expect(await world.traces(name)).toEqual([]);

    kubectl('rollout', 'undo', `deployment/${name}`);
    kubectl('rollout', 'status', `deployment/${name}`, '--timeout=120s');
    expect(await versions(name)).toBe('v1 v1 v1');
  });

  it('back in one step after the switch, under load: the old pods never went, 0 failed requests', async () => {
    const name = 'back';
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 3 });
    const before = [...(await world.pods(name)).values()].map(({ uid, restarts }) => `${uid} ${restarts}`).toSorted();
    const callers = await load(name, true);
    const more = await load(name, false);
    await world.start(beside(name));
    await at(name, 'before-switch');
    await approve(name, 'before-switch');
    await at(name, 'after-switch');
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    const results = [await callers.stop(), await more.stop()];
    expect(ended).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(results.flatMap(({ failed }) => failed)).toEqual([]);
    const after = [...(await world.pods(name)).values()].map(({ uid, restarts }) => `${uid} ${restarts}`).toSorted();
    expect(after).toEqual(before);
    expect(kubectl('rollout', 'history', `deployment/${name}`)).not.toMatch(/^2 /m);
    expect(await world.traces(name)).toEqual([]);
  });
});
