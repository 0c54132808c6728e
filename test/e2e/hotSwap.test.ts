import { Client } from 'undici';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { pods } from '../../activities/kubernetes/resources.ts';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type World } from '../support/world.ts';

/** A sidecar that hands its listener and connections over, on a real kubelet. */

let world: World;
beforeAll(async () => {
  world = await openWorld(inject('kubelet').stateDir);
  await world.worker();
});
afterAll(() => world?.close());

const image = (tag: SampleTag): string => sampleImage(tag, world.env['SLUICE_REGISTRY']);
const bare = (text = ''): string => text.split('@')[0] ?? '';

/** One connection to a pod that is used all the time and never opened anew: whether it broke, and which versions answered on it. */
async function hold(address: string) {
  const client = new Client(`http://${address}:8080`, { keepAliveTimeout: 60_000 });
  const counts = { connected: 0, broken: 0 };
  client.on('connect', () => void (counts.connected += 1));
  client.on('disconnect', () => void (counts.broken += 1));
  const versions: string[] = [];
  const failed: string[] = [];
  const stopping = new AbortController();
  const calling = (async () => {
    while (!stopping.signal.aborted) {
      try {
        const { body } = await client.request({ path: '/?delay=20ms', method: 'GET' });
        const { version = '?' } = (await body.json()) as { version?: string };
        if (versions.at(-1) !== version) versions.push(version);
      } catch (error) {
        failed.push(String(error));
      }
    }
  })();
  return async () => {
    stopping.abort();
    await calling;
    const found = { ...counts, versions, failed };
    await client.close();
    return found;
  };
}

async function underLoad(name: string, to: SampleTag, traffic: object, readyTimeout = '60s') {
  const { kube, namespace } = world;
  const held = await Promise.all([...(await world.pods(name)).values()].map(({ ip }) => hold(ip)));
  const [kept, fresh] = await Promise.all(
    [true, false].map((keepAlive) => startLoad({ kube, namespace, service: name, rate: 50, keepAlive })),
  );
  const spec = world.spec(name, image('v1'));
  await world.start({
    ...spec,
    change: {
      hotSwap: {
        containers: ['app', 'app-2'],
        image: image(to),
        emptyImage: image('empty'),
        holds: { command: ['/sample', 'holds'] },
      },
    },
    strategy: { ...spec.strategy, mode: 'HotSwap', maxUnavailable: 1, readyTimeout },
    traffic,
  });
  const ended = await world.until(name, ({ endedAt }) => endedAt !== undefined);
  const loads = [await kept?.stop(), await fresh?.stop()];
  return {
    ended,
    failed: loads.flatMap((load) => load?.failed ?? ['no load']),
    held: await Promise.all(held.map((stop) => stop())),
  };
}

/** By pod what its pair has, and how often each of the two was restarted. */
const pairs = async (name: string) =>
  [...(await world.pods(name)).values()].map(({ containers: { app, 'app-2': second }, ready }) => ({
    ready,
    images: [bare(app?.image), bare(second?.image)],
    restarts: [app?.restarts, second?.restarts],
  }));
const identities = async (name: string) =>
  [...(await world.pods(name))].map(([pod, { uid, ip, node }]) => [pod, uid, ip, node]);
/** The same of both pods. */
const both = (one: object) => [one, { ...one }];
const whole = { connected: 1, broken: 0, failed: [] };

it('v1 → v2 → v3: each connection lives through both swaps, 0 failed requests, each container restarts once a swap', async () => {
  const name = 'swapped';
  await world.deploy({ name, image: image('v1'), pair: image('empty'), runtime: 'containerd', replicas: 2 });
  const before = await identities(name);
  const once = await underLoad(name, 'v2', {});
  expect(once.ended.failure).toBeUndefined();
  expect(once.ended).toMatchObject({ phase: 'succeeded', progress: { total: 2, done: 2 } });
  expect(once.failed).toEqual([]);
  expect(once.held).toEqual(both({ ...whole, versions: ['v1', 'v2'] }));
  const empty = image('empty');
  expect(await pairs(name)).toEqual(both({ ready: true, images: [empty, image('v2')], restarts: [1, 1] }));

  // A traffic rule is kept to, where there is one.
  const twice = await underLoad(name, 'v3', {
    through: [{ service: name }],
    quiet: '0s',
    onDrainTimeout: 'Continue',
    maxDrain: '1s',
  });
  expect(twice.ended).toMatchObject({ phase: 'succeeded' });
  expect(twice.failed).toEqual([]);
  expect(twice.held).toEqual(both({ ...whole, versions: ['v2', 'v3'] }));
  expect(await pairs(name)).toEqual(both({ ready: true, images: [image('v3'), empty], restarts: [2, 2] }));
  expect(await identities(name)).toEqual(before);
  expect(await world.traces(name)).toEqual([]);
});

it('one that crashes is taken out, the old one never noticed; one that took over and is not ready hands back', async () => {
  const { kube, namespace } = world;
  const name = 'back';
  await world.deploy({ name, image: image('v1'), pair: image('empty'), runtime: 'containerd', replicas: 2 });
  const before = await identities(name);
  const original = { ready: true, images: [image('v1'), image('empty')] };

  const crashed = await underLoad(name, 'v3-crash', {});
  expect(crashed.ended).toMatchObject({
    phase: 'rolledBack',
    notUndone: [],
    failure: { text: expect.stringContaining('app-2') },
  });
  expect(crashed.failed).toEqual([]);
  expect(crashed.held).toEqual(both({ ...whole, versions: ['v1'] }));
  const afterCrash = await pairs(name);
  expect(afterCrash).toMatchObject([original, original]);
  expect(afterCrash.map(({ restarts }) => restarts[0])).toEqual([0, 0]);

  const unready = await underLoad(name, 'v4-notready', {}, '15s');
  expect(unready.ended).toMatchObject({ phase: 'rolledBack', notUndone: [] });
  expect(unready.failed).toEqual([]);
  expect(unready.held.toSorted((a, b) => a.versions.length - b.versions.length)).toEqual([
    { ...whole, versions: ['v1'] },
    { ...whole, versions: ['v1', 'v4', 'v1'] },
  ]);
  expect(await pairs(name)).toMatchObject([original, original]);
  // The old one was emptied and started anew, to take back what it had handed over.
  expect(new Set((await pairs(name)).map(({ restarts }) => restarts[0]))).toEqual(new Set([0, 2]));
  expect(await identities(name)).toEqual(before);
  const { items } = await kube.list(pods, { namespace, labelSelector: `app=${name}` });
  expect(items.map(({ metadata }) => metadata.annotations?.['sluice.dev/hot-swap'] ?? 'app')).toEqual(['app', 'app']);
  expect(await world.traces(name)).toEqual([]);
});
