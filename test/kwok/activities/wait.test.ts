import { CancelledFailure } from '@temporalio/common';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../../activities/kubernetes/connection.ts';
import { patchPods } from '../../../activities/kubernetes/patchPods.ts';
import { deployments, nodes, pods } from '../../../activities/kubernetes/resources.ts';
import {
  activitiesOf,
  appOf,
  attempt,
  deploy,
  environmentOf,
  eventually,
  ground,
  handful,
  v1,
  v2,
} from './fixtures.ts';
import { wireToCluster } from './proxy.ts';

const { world, sluice } = await ground();

const image = (tag: string) => ({ app: `registry.test/shop:${tag}` });

/** A paused Deployment, and the request that brings its pods to `images`. */
async function started(name: string, images: typeof v1, options: Parameters<typeof deploy>[1] = {}) {
  const app = await deploy(world, { name, ...options });
  const uid = (await app.deployment()).metadata.uid;
  const holder = `release/${name}|run`;
  await attempt(sluice, 'acquire', { target: app.target, uid, holder, from: v1 });
  const request = handful(app.target, uid, holder, await app.pods(), images);
  expect((await attempt(sluice, 'patch', request)).done).toHaveLength(request.pods.length);
  return { app, request };
}

describe('wait', () => {
  it.each([
    ['crash-loop', 'crash', 'CrashLoopBackOff', 'exit code 1'],
    ['missing', 'missing', 'ImagePullBackOff', 'registry.test/shop:missing'],
  ])('recognises %s', async (name, tag, reason, detail) => {
    const { request } = await started(name, image(tag), { replicas: 2 });
    const answer = await attempt(sluice, 'wait', request);
    expect(answer.done).toEqual([]);
    const [failure] = answer.failed;
    expect(failure).toMatchObject({ code: 'POD_FAILED', reason: expect.stringContaining(reason) });
    expect(failure?.reason).toContain(detail);

    // The rollback patches it back, and is not misled by what is left of the failure in its status.
    const back = { ...request, images: v1, undo: true, batch: 'undo' };
    await attempt(sluice, 'patch', back);
    let open = back.pods;
    while (open.length > 0) {
      const { failed, later } = await attempt(sluice, 'wait', { ...back, pods: open });
      expect(failed).toEqual([]);
      open = open.filter((pod) => later.includes(pod.name));
    }
  });

  it('gives a pod that never gets ready its time, and then says why', async () => {
    const { request } = await started('notready', image('notready'), { replicas: 1 });
    const begun = Date.now();
    const answer = await attempt(sluice, 'wait', { ...request, readyTimeoutMs: 1_500 });
    expect(answer.failed).toMatchObject([
      { code: 'POD_FAILED', reason: expect.stringMatching(/not ready after 1.5 s: app runs/) },
    ]);
    expect(Date.now() - begun).toBeGreaterThan(1_000);
  });

  it.each([-3_600_000, 3_600_000])(
    'a clock that is wrong by %d ms neither fails a pod nor waits for ever',
    async (ms) => {
      const { request } = await started(`clock${ms > 0 ? 'ahead' : 'behind'}`, image('notready'), { replicas: 1 });
      // As Temporal has it, whose clock is right.
      const handed = request.pods.map((pod) => ({ ...pod, since: new Date(Date.now() - ms).toISOString() }));
      const begun = Date.now();
      const environment = environmentOf(120_000, Date.now() - ms);
      const answer = await attempt(sluice, 'wait', { ...request, pods: handed, readyTimeoutMs: 2_000 }, environment);
      expect(answer.failed).toMatchObject([{ code: 'POD_FAILED' }]);
      expect(Date.now() - begun).toBeGreaterThan(1_500);
      expect(Date.now() - begun).toBeLessThan(60_000);
    },
  );

  it('returns when some are ready, with the others as later', async () => {
    const { app, request } = await started('some', v2, { replicas: 2 });
    const [slow] = request.pods;
    if (!slow) throw new Error('no pod');
    const wanted = { ...slow, images: image('notready') };
    await attempt(sluice, 'patch', { ...request, pods: [wanted] });
    const answer = await attempt(sluice, 'wait', { ...request, pods: [wanted, ...request.pods.slice(1)] });
    expect(answer).toEqual({ done: [request.pods[1]?.name], failed: [], later: [slow.name], gone: [] });
    expect(await app.pods()).toHaveLength(2);
  });

  it('counts minReady from the readiness, and heartbeats meanwhile', async () => {
    const { request } = await started('minready', v2, { replicas: 1 });
    const begun = Date.now();
    const environment = environmentOf();
    const beats: unknown[] = [];
    environment.on('heartbeat', (details: unknown) => beats.push(details));
    const answer = await attempt(sluice, 'wait', { ...request, minReadyMs: 7_000 }, environment);
    expect(answer.done).toHaveLength(1);
    // Kubernetes keeps whole seconds.
    expect(Date.now() - begun).toBeGreaterThan(5_900);
    expect(beats).toContainEqual({ settled: 0, waiting: 1 });
  });

  it('says that a deleted pod is gone, at once', async () => {
    const { request } = await started('deleted', image('notready'), { replicas: 1 });
    const waiting = attempt(sluice, 'wait', request);
    const [pod] = request.pods;
    await world.kube.remove(pods, { namespace: world.namespace, name: pod?.name ?? '' });
    expect(await waiting).toEqual({ done: [], failed: [], later: [], gone: [pod?.name] });
  });

  it('ends when it is cancelled', async () => {
    const { request } = await started('cancelled', image('notready'), { replicas: 1 });
    const environment = environmentOf();
    const waiting = attempt(sluice, 'wait', request, environment);
    setTimeout(() => environment.cancel(), 100);
    await expect(waiting).rejects.toBeInstanceOf(CancelledFailure);
  });

  it('answers before its time-out, with those that still wait as later', async () => {
    const { request } = await started('timeout', image('notready'), { replicas: 1 });
    const environment = environmentOf(500);
    await expect(attempt(sluice, 'wait', request, environment)).resolves.toMatchObject({
      later: [request.pods[0]?.name],
    });
  });

  it('asks the API server for nothing while it waits: one list and one watch for all', async () => {
    const kube = connect(world.kube.config);
    const own = activitiesOf(kube);
    const { request } = await started('frugal', v2, {
      replicas: 10,
      podAnnotations: { 'sluice.dev/kwok-ready-delay': '300' },
    });
    await Promise.all([1, 2, 3].map(() => attempt(own, 'wait', request)));
    expect(kube.requests).toEqual({
      'get deployments': expect.any(Number),
      'list replicasets': expect.any(Number),
      'list pods': 1,
      'watch pods': 1,
    });
    own.close();
    await kube.close();
  });
});

describe('patch', () => {
  it('writes once for each pod, and nothing when run again', async () => {
    const kube = connect(world.kube.config);
    const own = activitiesOf(kube);
    const app = await deploy(world, { name: 'once', replicas: 20 });
    const uid = (await app.deployment()).metadata.uid;
    const request = handful(app.target, uid, 'h', await app.pods(), v2);
    await attempt(own, 'patch', request);
    expect(kube.requests['patch pods']).toBe(20);
    await attempt(own, 'patch', request);
    expect(kube.requests['patch pods']).toBe(20);
    own.close();
    await kube.close();
  });

  it('never patches another pod of the same name: the write names the UID', async () => {
    const app = await deploy(world, { name: 'uid', replicas: 1 });
    const [pod] = await app.pods();
    if (!pod) throw new Error('no pod');
    const uid = '00000000-0000-0000-0000-000000000000';
    const stale = { name: pod.metadata.name, uid, pod: { ...pod, metadata: { ...pod.metadata, uid } } };
    const change = { holder: 'h', batch: 'b', images: () => v2, wrote: () => undefined };
    const answer = await patchPods(world.kube, [stale], change, { signal: AbortSignal.timeout(10_000) });
    expect(answer.gone).toEqual([pod.metadata.name]);
    expect((await app.pods())[0]?.spec.containers[0]?.image).toBe(v1.app);
  });
});

describe('an API server that goes away', () => {
  it('is heard again by the shared watch, and what changed meanwhile is seen', async () => {
    const wire = await wireToCluster();
    const kube = connect(wire.config);
    const own = activitiesOf(kube);
    const { app, request } = await started('outage', image('notready'), { replicas: 3 });
    const waiting = attempt(own, 'wait', { ...request, readyTimeoutMs: 60_000 });
    await eventually(async () => (kube.requests['watch pods'] ?? 0) > 0);
    await wire.cut();
    // Over the direct connection: one pod goes, one is given the good image; the watch hears nothing of it.
    const [first, second] = request.pods;
    await world.kube.remove(pods, { namespace: world.namespace, name: first?.name ?? '' });
    await wire.mend();
    expect((await waiting).gone).toEqual([first?.name]);

    const rest = { ...request, pods: request.pods.slice(1), images: v2 };
    await attempt(own, 'patch', { ...rest, pods: rest.pods.slice(0, 1) });
    expect((await attempt(own, 'wait', rest)).done).toEqual([second?.name]);
    expect(await app.deployment()).toBeDefined();
    own.close();
    await kube.close();
    await wire.cut();
  });

  it('does not time a pod out on a state that may be old', async () => {
    const wire = await wireToCluster();
    const kube = connect(wire.config);
    const own = activitiesOf(kube);
    const { request } = await started('stale', image('notready'), { replicas: 1 });
    const waiting = attempt(own, 'wait', { ...request, readyTimeoutMs: 1_000 });
    await eventually(async () => (kube.requests['watch pods'] ?? 0) > 0);
    await wire.cut();
    const early = await Promise.race([
      waiting.then(() => 'answered'),
      new Promise((resolve) => setTimeout(() => resolve('waits'), 2_500)),
    ]);
    expect(early).toBe('waits');
    await wire.mend();
    expect((await waiting).failed).toHaveLength(1);
    own.close();
    await kube.close();
    await wire.cut();
  });

  it('is CLUSTER_UNREACHABLE, to be tried again, for an activity that cannot begin', async () => {
    const wire = await wireToCluster();
    await wire.cut();
    const kube = connect(wire.config);
    const own = activitiesOf(kube);
    const target = { cluster: 'local', namespace: world.namespace, kind: 'deployment', name: 'x' };
    await expect(attempt(own, 'acquire', { target, uid: 'u', holder: 'h', from: v1 })).rejects.toMatchObject({
      type: 'CLUSTER_UNREACHABLE',
      nonRetryable: false,
      message: expect.stringMatching(/get deployments .*ECONNREFUSED/),
    });
    own.close();
    await kube.close();
  });
});

describe('prepare', () => {
  it('tells who is there, who is gone, and who else is down', async () => {
    const app = await deploy(world, { name: 'prepare', replicas: 3 });
    const uid = (await app.deployment()).metadata.uid;
    const list = await app.pods();
    const [a, b, c] = list;
    if (!a || !b || !c) throw new Error('no pods');
    const request = handful(app.target, uid, 'h', [b], image('notready'));
    await attempt(sluice, 'patch', request);
    await eventually(async () => {
      const {
        downElsewhere,
        pods: there,
        gone,
      } = await attempt(sluice, 'prepare', {
        target: app.target,
        uid,
        holder: 'h',
        through: [],
        pods: [
          { name: a.metadata.name, uid: a.metadata.uid },
          { name: 'never-was', uid: 'x' },
        ],
      });
      expect(there).toEqual([{ name: a.metadata.name, uid: a.metadata.uid, ready: true, traffic: [] }]);
      expect(gone).toEqual(['never-was']);
      expect(downElsewhere).toEqual([b.metadata.name]);
      return true;
    });
  });
});

describe('a node that goes', () => {
  it('its pods get the image, and are not waited for; a pod on a node that reports is', async () => {
    const { kube, namespace } = world;
    const node = 'wait-lost-1';
    await kube.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: node, labels: { lost: node } } }, {});
    onTestFinished(() => kube.remove(nodes, { name: node }));
    const labels = { app: 'lost' };
    const spec = { nodeSelector: { lost: node }, containers: [{ name: 'app', image: v1.app }] };
    await kube.create(
      deployments,
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'lost', namespace },
        spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      },
      { namespace },
    );
    const app = appOf(kube, { cluster: 'local', namespace, kind: 'deployment', name: 'lost' });
    onTestFinished(() => kube.remove(deployments, app.target));
    await app.settled();
    const { uid } = (await app.deployment()).metadata;
    const pod = { since: new Date(Date.now() - 15_000).toISOString() };
    const wanted = image('notready');
    const request = handful(app.target, uid, 'release/lost|run', await app.pods(), wanted, { pod });
    await attempt(sluice, 'patch', request);

    const impatient = { ...request, readyTimeoutMs: 16_000 };
    expect(await attempt(sluice, 'wait', impatient)).toMatchObject({ failed: [{ code: 'POD_FAILED' }], gone: [] });
    await kube.remove(nodes, { name: node });
    // Time-outs after the time at which its node is asked about anyway, and before it.
    for (const readyTimeoutMs of [60_000, 1_000]) {
      const now = request.pods.map((one) => ({ ...one, since: new Date().toISOString() }));
      expect(await attempt(sluice, 'wait', { ...request, pods: now, readyTimeoutMs })).toMatchObject({
        gone: [request.pods[0]?.name],
        notes: [{ text: expect.stringContaining(`${node} does not report`) }],
      });
    }
    expect((await app.pods())[0]?.spec.containers[0]?.image).toBe(wanted.app);
  });
});
