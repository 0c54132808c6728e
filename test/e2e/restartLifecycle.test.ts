import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { endpointSlices, pods } from '../../activities/kubernetes/resources.ts';
import { endpointsOf } from '../../activities/traffic/endpointView.ts';
import { ended, image, kubectl, load } from '../support/reloads.ts';
import { openWorld, until, type World } from '../support/world.ts';

/** Seconds since the machine started: the same clock in here and in every container on it. */
const uptime = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

/** From when on each pod, by UID, was in the Service (`true`) or not, until `stop`. */
async function presence(world: World, name: string) {
  const over = new AbortController();
  const kube = world.kube.with(over.signal);
  const where = { namespace: world.namespace, labelSelector: `kubernetes.io/service-name=${name}` };
  const { items, resourceVersion } = await kube.list(endpointSlices, where);
  const slices = new Map(items.map((slice) => [slice.metadata.name, slice]));
  const gone = new Map<string, number>();
  const watching = (async () => {
    for await (const event of kube.watch(endpointSlices, where, resourceVersion)) {
      if (event.type === 'BOOKMARK') continue;
      const before = [...endpointsOf(slices.values()).pods.keys()];
      slices.set(event.object.metadata.name, event.object);
      const now = endpointsOf(slices.values()).pods;
      for (const uid of before) if (now.get(uid)?.ready !== true && !gone.has(uid)) gone.set(uid, uptime());
    }
  })().catch(() => undefined);
  return async () => {
    over.abort();
    await watching;
    return gone;
  };
}

describe('scenario 40: a container restarts and its image does not change, on a real kubelet', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  /** One whose container does `preStop` before it ends, and keeps what that writes in /trace. */
  async function deploy(name: string, replicas: number, preStop: string, more: object = {}, spec: object = {}) {
    await world.deploy({ name, image: image(world), runtime: 'containerd', replicas });
    const container = {
      name: 'app',
      lifecycle: { preStop: { exec: { command: ['sh', '-c', preStop] } } },
      volumeMounts: [{ name: 'trace', mountPath: '/trace' }],
      ...more,
    };
    const template = { spec: { containers: [container], volumes: [{ name: 'trace', emptyDir: {} }] } };
    kubectl(world, 'patch', `deployment/${name}`, '-p', JSON.stringify({ spec: { template, ...spec } }));
    kubectl(world, 'rollout', 'status', `deployment/${name}`, '--timeout=90s');
    await until(async () => (await world.pods(name)).size === replicas);
  }
  const through = (name: string) => ({ through: [{ service: name }], quiet: '250ms', maxDrain: '20s' });
  const live = async (name: string) =>
    (await world.kube.list(pods, { namespace: world.namespace, labelSelector: `app=${name}` })).items;
  const inPod = (pod: string, ...command: string[]) => kubectl(world, 'exec', pod, '--', ...command);

  it('preStop runs once in each pod, after it has left its Service, and the next one leaves when this one has run long enough', async () => {
    const name = 'hooked';
    await deploy(name, 3, 'cut -d" " -f1 /proc/uptime >> /trace/stops', {}, { minReadySeconds: 3 });
    const before = await world.pods(name);
    const stop = await presence(world, name);
    const callers = await load(world, name);
    const strategy = { gray: { pods: 1 }, batches: { count: 2 }, maxUnavailable: 1, readyTimeout: '2m' };
    await world.start(world.spec(name, '', { change: { restart: true }, traffic: through(name), strategy }));
    expect(await ended(world, name)).toMatchObject({ phase: 'succeeded', progress: { done: 3, failed: 0 } });
    expect((await callers.stop()).failed).toEqual([]);
    const gone = await stop();

    const turns = (await live(name))
      .map(({ metadata, status }) => ({
        out: gone.get(metadata.uid) ?? Number.NaN,
        stops: inPod(metadata.name, 'cat', '/trace/stops').trim().split('\n').map(Number),
        startedAt: Date.parse(status?.containerStatuses?.[0]?.state?.running?.startedAt ?? '') / 1_000,
        restarts: (status?.containerStatuses?.[0]?.restartCount ?? 0) - (before.get(metadata.name)?.restarts ?? 0),
      }))
      .toSorted((a, b) => a.out - b.out);
    expect(turns.map(({ stops, restarts }) => [stops.length, restarts])).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    for (const { out, stops } of turns) expect(stops[0]).toBeGreaterThan(out);
    // By the second, as the API has it.
    const booted = Date.now() / 1_000 - uptime();
    for (const [index, { out }] of turns.slice(1).entries()) {
      expect(booted + out - (turns[index]?.startedAt ?? 0)).toBeGreaterThanOrEqual(3);
    }
    expect(await world.traces(name)).toEqual([]);
  });

  it('one that does not come back ends it after readyTimeout, at the gray pod, which is restarted once more and put back', async () => {
    const name = 'stuck';
    const toggle = 'if [ -e /trace/stuck ]; then rm /trace/stuck; else touch /trace/stuck; fi';
    const readinessProbe = {
      httpGet: null,
      exec: { command: ['sh', '-c', '! test -e /trace/stuck'] },
      periodSeconds: 1,
    };
    await deploy(name, 3, toggle, { readinessProbe });
    const before = await world.pods(name);
    const strategy = { gray: { pods: 1 }, batches: { count: 2 }, maxUnavailable: 1, readyTimeout: '10s' };
    await world.start(world.spec(name, '', { change: { restart: true }, traffic: through(name), strategy }));
    expect(await ended(world, name)).toMatchObject({
      phase: 'rolledBack',
      notUndone: [],
      failure: { code: 'POD_FAILED', text: expect.stringContaining('not ready after 10 s') },
    });
    const after = await world.pods(name);
    const more = [...after].map(([pod, { restarts }]) => restarts - (before.get(pod)?.restarts ?? 0));
    expect(more.toSorted((a, b) => a - b)).toEqual([0, 0, 2]);
    await until(async () => [...(await world.pods(name)).values()].every(({ ready }) => ready));
    expect(await world.traces(name)).toEqual([]);
  });
});
