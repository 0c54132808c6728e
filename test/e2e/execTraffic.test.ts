import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createWorkload } from '../../activities/kubernetes/workloads.ts';
import { noPods } from '../../activities/podsOf.ts';
import { createTraffic } from '../../activities/traffic/index.ts';
import { marks } from '../../workflows/contract/names.ts';
import type { PodRef } from '../../workflows/contract/plan.ts';
import type { ReleaseSpecInput, TrafficSource } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { type App, appOf, eventually } from '../kwok/activities/fixtures.ts';
import { dying, refs, releaseOf, workerOn } from '../kwok/traffic/support.ts';
import { ended, image, kubectl, load, podsOf } from '../support/reloads.ts';
import { openWorld, type World } from '../support/world.ts';

/** What the application has in its container; a file in memory of the pod plays the registry that it would tell. */
const sh = (script: string) => ['sh', '-c', script];
const commands = {
  container: 'app',
  offline: sh('touch /dev/shm/offline; echo "offline $VERSION" >> /dev/shm/log'),
  online: sh('rm -f /dev/shm/offline; echo "online $VERSION" >> /dev/shm/log'),
  status: { command: sh('if [ -e /dev/shm/offline ]; then echo offline; else echo online; fi') },
  timeout: '30s',
  callersCache: '0s',
};

describe("the application's own commands, on a real kubelet", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  /** With all defaults. */
  const through = (more: object = {}): TrafficSource => {
    const target = { cluster: 'local', workload: 'deployment/any' };
    const traffic = { through: [{ exec: { ...commands, ...more } }] };
    const [source] = validateSpec({ target, change: { images: { app: 'r.test/any:v2' } }, traffic }).traffic.through;
    return source!;
  };
  const run = (pod: string, script: string): string => kubectl(world, 'exec', pod, '-c', 'app', '--', ...sh(script));
  const isOnline = (pod: string): boolean => run(pod, 'test -e /dev/shm/offline || echo yes').trim() === 'yes';
  const told = (pod: string): string[] => run(pod, 'cat /dev/shm/log 2>/dev/null || true').trim().split('\n');
  const trails = async (app: App): Promise<number> =>
    (await app.pods()).filter(({ metadata }) => metadata.annotations?.[marks.outOf] !== undefined).length;

  async function shop(name: string, replicas = 2): Promise<{ readonly app: App; readonly pods: readonly PodRef[] }> {
    await world.deploy({ name, image: image(world), runtime: 'containerd', replicas });
    const app = appOf(world.kube, world.target(name));
    return { app, pods: await refs(app) };
  }

  const inspect = async (app: App, source: TrafficSource) => {
    const list = await app.pods();
    const held = { target: app.target, uid: (await app.deployment()).metadata.uid, holder: '' };
    const { signal } = new AbortController();
    const workload = createWorkload(held.target, world.kube, signal);
    return createTraffic([source], {
      kube: world.kube,
      signal,
      held,
      workload,
      pods: { ...noPods, all: () => list },
    }).inspect();
  };

  it('takes one pod out and puts it back, each once; one that comes back by itself is taken out again', async () => {
    const { app, pods } = await shop('drained');
    const [first, other] = pods.map(({ name }) => name);
    const source = [through()];
    const release = await releaseOf(world, app, source);
    await release.prepare(pods);
    expect(await release.stage('drain', [pods[0]!])).toMatchObject({ done: [first], failed: [] });
    expect(await release.stage('drain', [pods[0]!])).toMatchObject({ done: [first], failed: [] });
    expect([isOnline(first!), isOnline(other!), await trails(app)]).toEqual([false, true, 1]);
    run(first!, 'rm /dev/shm/offline');
    await eventually(async () => (await release.stage('silence', [pods[0]!])).done.length === 1);
    expect(isOnline(first!)).toBe(false);
    for (const _ of ['once', 'twice'])
      await eventually(async () => (await release.stage('restore', [pods[0]!])).done.length === 1);
    expect([isOnline(first!), await trails(app)]).toEqual([true, 0]);
    expect(told(first!)).toEqual(['offline v1', 'offline v1', 'online v1']);
    expect(told(other!)).toEqual(['']);
  });

  it('leaves a pod out that somebody else took out; and puts back whom a worker that died left out', async () => {
    const { app, pods } = await shop('left');
    const [first, other] = pods.map(({ name }) => name);
    run(first!, 'touch /dev/shm/offline');
    const source = [through()];
    const release = await releaseOf(world, app, source);
    await release.prepare(pods);
    expect(await inspect(app, source[0]!)).toMatchObject([{ missing: [], disabled: [first] }]);
    for (const when of ['before', 'after'] as const) {
      const dead = await releaseOf({ kube: dying(world.kube, 1, when) }, app, source);
      await dead.stage('drain', pods).catch(() => undefined);
      expect(isOnline(other!)).toBe(true);
    }
    await release.stage('drain', pods);
    expect([isOnline(first!), isOnline(other!)]).toEqual([false, false]);
    await workerOn(world.kube).closeTraffic({ ...release.held, through: source });
    expect([isOnline(first!), isOnline(other!), await trails(app)]).toEqual([false, true, 0]);
  });

  it.each<[string, object, RegExp]>([
    [
      'a program that is not there',
      { status: { command: ['/app/nothing'] } },
      /\/app\/nothing in container app .*(not found|no such file)/,
    ],
    [
      'a program that hangs',
      { status: { command: ['sleep', '600'] }, timeout: '1s' },
      /not through after 1s; it may still run/,
    ],
    ['one that fails', { status: { command: sh('echo no database >&2; exit 1') } }, /exit code 1: no database/],
    [
      'one that says neither',
      { status: { command: ['echo', 'perhaps'] } },
      /it says perhaps; expected: a line online or a line offline/,
    ],
    ['one that says both', { status: { command: sh('echo online; echo offline') } }, /it says online offline/],
    ['one that says nothing', { status: { command: ['true'] } }, /it says nothing/],
    ['another container', { container: 'proxy' }, /no container proxy; they have: app/],
  ])('is refused in the plan with %s', async (_, more, why) => {
    const name = 'refused';
    if ((await podsOf(world, name)).length === 0) await shop(name, 1);
    const app = appOf(world.kube, world.target(name));
    await expect(inspect(app, through(more))).rejects.toMatchObject({
      code: 'REGISTRY_UNUSABLE',
      message: expect.stringMatching(why),
      next: expect.any(String),
    });
    expect(await trails(app)).toBe(0);
  });

  it('an offline that fails or hangs leaves the pod as it is, and fails after maxDrain', async () => {
    const { app, pods } = await shop('stubborn', 1);
    for (const offline of [sh('exit 3'), sh('sleep 600')]) {
      const release = await releaseOf(world, app, [through({ offline, timeout: '10s' })]);
      await release.prepare(pods);
      expect(await release.stage('drain', pods)).toMatchObject({ done: [], failed: [], later: [pods[0]!.name] });
      const since = new Date(Date.now() - 120_000).toISOString();
      const { failed } = await eventually(async () => {
        const answer = await release.stage('drain', pods, { since });
        return answer.failed.length > 0 && answer;
      });
      expect(failed).toMatchObject([{ code: 'DRAIN_TIMEOUT' }]);
      await eventually(async () => (await trails(app)) === 0);
      expect(isOnline(pods[0]!.name)).toBe(true);
    }
  });

  const specOf = (name: string, tag: 'v2' | 'v2-bare', more: Partial<ReleaseSpecInput> = {}) => {
    const traffic = { through: [{ service: name }, { exec: commands }], quiet: '250ms', maxDrain: '20s' };
    return world.spec(name, image(world).replace(/v1$/, tag), { traffic, ...more });
  };

  it('a whole release under load: offline in the old container, online in the new one, 0 failed requests', async () => {
    const name = 'released';
    const { app, pods } = await shop(name, 3);
    const callers = await load(world, name);
    await world.start(specOf(name, 'v2'));
    const status = await ended(world, name);
    const result = await callers.stop();
    expect(status).toMatchObject({ phase: 'succeeded' });
    expect(result.failed).toEqual([]);
    for (const pod of pods) expect(told(pod.name)).toEqual(['offline v1', 'online v2']);
    expect(await trails(app)).toBe(0);
  });

  it('a version that has lost the command is rolled back, and nobody is left out', async () => {
    const name = 'lost';
    const { app, pods } = await shop(name);
    await world.start(specOf(name, 'v2-bare', { strategy: { gray: { pods: 1 }, readyTimeout: '15s' } }));
    expect(await ended(world, name)).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    const all = pods.map((pod) => told(pod.name));
    expect(all).toContainEqual(['offline v1', 'online v1']);
    expect([pods.map((pod) => isOnline(pod.name)), await trails(app)]).toEqual([[true, true], 0]);
  });
});
