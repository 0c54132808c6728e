import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { httpRoutes } from '../../activities/canary/httpRoute.ts';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { installCrd } from '../support/crds.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, until, type World } from '../support/world.ts';

/** New pods beside the old, and callers split between them, under load. The gateway is a stand-in: test/support/gateway.ts. */
describe('Canary on a real kubelet', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
    await installCrd(world.kube, 'httproutes.gateway.networking.k8s.io');
  });
  afterAll(() => world?.close());

  const image = (tag: SampleTag) => sampleImage(tag, world.env['SLUICE_REGISTRY']);
  const kubectl = (...args: string[]): string =>
    execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
      env: { ...process.env, ...world.env },
      encoding: 'utf8',
    });
  const load = (service: string, keepAlive: boolean, more: object = {}) =>
    startLoad({ kube: world.kube, namespace: world.namespace, service, rate: 50, keepAlive, ...more });
  type Canary = NonNullable<NonNullable<ReleaseSpecInput['strategy']>['canary']>;
  const stepwise = (name: string, canary: Canary): ReleaseSpecInput => ({
    ...world.spec(name, image('v2'), {
      traffic: { quiet: '1s', maxDrain: '30s' },
      checks: [{ http: { path: '/' } }],
    }),
    strategy: { mode: 'Canary', readyTimeout: '60s', canary },
    gates: { afterGray: { approval: {} }, afterBatch: { approval: {} } },
  });
  const uids = async (name: string): Promise<string[]> =>
    [...(await world.pods(name)).values()].map(({ uid, restarts }) => `${uid} ${restarts}`).toSorted();
  const at = (name: string, gate: string) => world.until(name, ({ waiting }) => waiting?.gate === gate);
  const approve = async (name: string, gate: string) => {
    await at(name, gate);
    await world.sluice.send(world.target(name), 'approve', { by: 'bob', gate });
  };
  const ended = (name: string) => world.until(name, (status) => status.endedAt !== undefined);
  const header = { name: 'x-canary', value: 'yes' };
  async function routed(name: string): Promise<() => Promise<unknown>> {
    const body = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name, namespace: world.namespace },
      spec: { rules: [{ backendRefs: [{ name, port: 80 }] }] },
    };
    await world.kube.create(httpRoutes, body, { namespace: world.namespace });
    return async () => {
      const { spec, metadata } = await world.kube.get(httpRoutes, { namespace: world.namespace, name });
      return { spec, annotations: metadata.annotations ?? {} };
    };
  }

  it('by header, then by weight, under load: 0 failed requests, shares as the steps say, the route as before', async () => {
    const name = 'route';
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 2 });
    const route = await routed(name);
    const before = await route();
    const callers = [await load(name, true, { route: name }), await load(name, false, { route: name })];
    const steps = [{ match: { header } }, { weight: 30, pods: 1 }];
    await world.start(stepwise(name, { route: { kind: 'HTTPRoute', name }, steps }));
    await at(name, 'after-canary-1');
    const testers = await load(name, true, { route: name, headers: { [header.name]: header.value } });
    const others = await load(name, false, { route: name });
    await until(async () => testers.sent() >= 100 && others.sent() >= 100);
    const [tested, plain] = [await testers.stop(), await others.stop()];
    expect([Object.keys(tested.versions), tested.failed]).toEqual([['v2'], []]);
    expect([Object.keys(plain.versions), plain.failed]).toEqual([['v1'], []]);
    await approve(name, 'after-canary-1');
    await at(name, 'after-canary-2');
    const split = await load(name, false, { route: name, rate: 100 });
    await until(async () => split.sent() >= 400);
    const { versions, sent, failed } = await split.stop();
    expect(failed).toEqual([]);
    // 30 of 100, by chance: some 400 calls are no further off than this but once in many thousand times.
    expect((versions['v2'] ?? 0) / sent).toBeGreaterThan(0.18);
    expect((versions['v2'] ?? 0) / sent).toBeLessThan(0.42);
    await approve(name, 'after-canary-2');
    await approve(name, 'after-canary-3');
    await approve(name, 'after-switch');
    expect(await ended(name)).toMatchObject({ phase: 'succeeded' });
    expect(kubectl('rollout', 'status', `deployment/${name}`, '--timeout=20s')).toContain('successfully rolled out');
    const results = await Promise.all(callers.map((one) => one.stop()));
    expect(results.flatMap((one) => one.failed)).toEqual([]);
    expect(await route()).toEqual(before);
    expect(kubectl('rollout', 'history', `deployment/${name}`)).toMatch(/^1 [\s\S]*^2 +sluice: /m);
    expect(await world.traces(name)).toEqual([]);
    kubectl('rollout', 'undo', `deployment/${name}`);
    kubectl('rollout', 'status', `deployment/${name}`, '--timeout=120s');
  });

  it('a rollback from a step, behind a route and without one, under load: 0 failed requests, the old pods never went', async () => {
    const split: Canary = { route: { kind: 'HTTPRoute', name: 'back' }, steps: [{ weight: 40, pods: 1 }] };
    const runs: readonly (readonly [string, Canary])[] = [
      ['back', split],
      ['ratio', { steps: [{ pods: 1 }] }],
    ];
    for (const [name, canary] of runs) {
      await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 2 });
      const route = canary.route === undefined ? undefined : await routed(name);
      const before = [await uids(name), await route?.()];
      const by = canary.route === undefined ? {} : { route: name };
      const callers = [await load(name, true, by), await load(name, false, by)];
      await world.start(stepwise(name, canary));
      await at(name, 'after-canary-1');
      const sent = callers.map((one) => one.sent());
      await until(async () => callers.every((one, index) => one.sent() >= (sent[index] ?? 0) + 100));
      await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
      expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
      const results = await Promise.all(callers.map((one) => one.stop()));
      expect(results.flatMap(({ failed }) => failed)).toEqual([]);
      for (const { versions } of results) expect(versions['v2']).toBeGreaterThan(0);
      expect([await uids(name), await route?.()]).toEqual(before);
      expect(await world.traces(name)).toEqual([]);
    }
  });
});
