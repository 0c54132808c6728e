import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { type Front, fronts, httpRouteFront } from '../support/fronts.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, until, type World } from '../support/world.ts';

/** New pods beside the old, and callers split between them, under load. The gateway is a stand-in: test/support/gateway.ts. */
describe('Canary on a real kubelet', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
    await Promise.all(fronts.map((front) => front.install(world.kube)));
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
  const stepwise = (name: string, canary: Canary, tag: SampleTag = 'v2'): ReleaseSpecInput => ({
    ...world.spec(name, image(tag), {
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
  async function routed(front: Front, name: string): Promise<() => Promise<unknown>> {
    await front.create(world, name);
    return async () => [await front.said(world, name), await front.traces(world, name)];
  }

  it.each(fronts)(
    '$kind: by header or cookie, then by weight, under load: 0 failed requests, shares as the steps say, all as before',
    async (front) => {
      const name = `route-${front.kind.toLowerCase()}`;
      await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 2 });
      const route = await routed(front, name);
      const before = await route();
      const by = { route: { front, name } };
      const callers = [await load(name, true, by), await load(name, false, by)];
      const steps = [{ match: front.testers.match }, { weight: 30, pods: 1 }];
      await world.start(stepwise(name, { route: { kind: front.kind, name }, steps }));
      await at(name, 'after-canary-1');
      const testers = await load(name, true, { ...by, headers: front.testers.headers });
      const others = await load(name, false, by);
      await until(async () => testers.sent() >= 100 && others.sent() >= 100);
      const [tested, plain] = [await testers.stop(), await others.stop()];
      expect([Object.keys(tested.versions), tested.failed]).toEqual([['v2'], []]);
      expect([Object.keys(plain.versions), plain.failed]).toEqual([['v1'], []]);
      await approve(name, 'after-canary-1');
      await at(name, 'after-canary-2');
      const split = await load(name, false, { ...by, rate: 100 });
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
    },
  );

  it('a rollback from a step, behind a route and without one, under load: 0 failed requests, the old pods never went', async () => {
    const behind = fronts.map((front) => ({ name: `back-${front.kind.toLowerCase()}`, front }));
    const runs: readonly { readonly name: string; readonly front?: Front }[] = [...behind, { name: 'ratio' }];
    for (const { name, front } of runs) {
      const steps: Canary['steps'] = front === undefined ? [{ pods: 1 }] : [{ weight: 40, pods: 1 }];
      const canary: Canary = { ...(front && { route: { kind: front.kind, name } }), steps };
      await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 2 });
      const route = front && (await routed(front, name));
      const before = [await uids(name), await route?.()];
      const by = front === undefined ? {} : { route: { front, name } };
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

  it('a newer version takes its place in the middle of the weights, under load: 0 failed requests', async () => {
    const name = 'newer';
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas: 2 });
    const route = await routed(httpRouteFront, name);
    const before = await route();
    const by = { route: { front: httpRouteFront, name } };
    const callers = [await load(name, true, by), await load(name, false, by)];
    const canary: Canary = { route: { kind: 'HTTPRoute', name }, steps: [{ weight: 40, pods: 1 }] };
    await world.start(stepwise(name, canary));
    await at(name, 'after-canary-1');
    const sent = callers.map((one) => one.sent());
    await until(async () => callers.every((one, index) => one.sent() >= (sent[index] ?? 0) + 50));
    const gates = { afterGray: { bake: '0s', approval: false as const }, afterBatch: { bake: '0s' } };
    const newer = validateSpec({ ...stepwise(name, canary, 'v3'), gates });
    const { begun } = await world.sluice.supersede(newer, { initiator: 'bob' });
    const { run } = await begun(AbortSignal.timeout(120_000));
    const end = await world.until(name, (status) => status.run === run && status.endedAt !== undefined);
    const results = await Promise.all(callers.map((one) => one.stop()));
    expect(end).toMatchObject({ phase: 'succeeded', notUndone: [], supersedes: { version: 'v2' } });
    expect(results.flatMap(({ failed }) => failed)).toEqual([]);
    for (const { versions } of results) expect(Object.keys(versions).toSorted()).toEqual(['v1', 'v2', 'v3']);
    expect(await route()).toEqual(before);
    const history = kubectl('rollout', 'history', `deployment/${name}`);
    expect(history).toMatch(/^1 [\s\S]*^2 +sluice: .*v3/m);
    expect(await world.traces(name)).toEqual([]);
  });
});
