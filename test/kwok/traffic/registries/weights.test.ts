import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { nacosClient, startNacos } from '../../../registries/nacos.ts';
import { openWorld, until, type WorkerProcess, type World } from '../../../support/world.ts';
import { releasesIn } from '../../support/releases.ts';

/** Callers of a real rnacos who share their calls out by the weights that they are told, through whole releases. */

const nacos = await startNacos();

describe.skipIf(nacos === undefined)('callers who go by weight', () => {
  if (nacos === undefined) return;
  let world: World;
  let worker: WorkerProcess;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir);
    worker = await world.worker();
  });
  afterAll(async () => {
    await world?.close();
    await nacos.close();
  });
  const { deploy, spec, ended, versions } = releasesIn(() => world);

  /** A caller of the service: asks who there is, as Nacos' client does, and calls one of them by weight. */
  function caller(service: string, podOf: ReadonlyMap<string, string>) {
    const ask = nacosClient(nacos!.address);
    const stop = new AbortController();
    /** By pod: the weights that were seen, one after the other. */
    const seen = new Map([...podOf.values()].map((pod) => [pod, [] as (number | 'out')[]]));
    /** By weight: how often somebody of that weight was called while there was one, and how many calls there were then. */
    const calls = new Map<number, { hits: number; all: number }>();
    const turn = async (): Promise<void> => {
      const hosts = (await ask.list(service)).filter(({ weight }) => weight > 0);
      const byPod = new Map(hosts.map(({ ip, weight }) => [podOf.get(ip) ?? ip, weight]));
      for (const [pod, told] of seen) {
        const now = byPod.get(pod) ?? 'out';
        if (told.at(-1) !== now) told.push(now);
      }
      const sum = hosts.reduce((total, { weight }) => total + weight, 0);
      for (let call = 0; call < 20; call += 1) {
        let at = Math.random() * sum;
        const chosen = hosts.find(({ weight }) => (at -= weight) < 0);
        for (const weight of new Set(hosts.map((host) => host.weight))) {
          const count = calls.get(weight) ?? { hits: 0, all: 0 };
          calls.set(weight, { hits: count.hits + Number(chosen?.weight === weight), all: count.all + 1 });
        }
      }
    };
    const calling = (async () => {
      while (!stop.signal.aborted) {
        await turn();
        await sleep(20);
      }
    })();
    return {
      seen,
      rate: (weight: number): number => (calls.get(weight)?.hits ?? 0) / (calls.get(weight)?.all ?? 0),
      stop: async () => {
        stop.abort();
        await calling;
      },
    };
  }

  it('see a pod come back little by little, and call it as often as its weight says, also where the worker was killed between two steps; a rollback in the middle gives all of it back', async () => {
    const [name, service] = ['weighed', `${world.namespace}-weighed`];
    await deploy(name, 3);
    const registered = [...(await world.pods(name))].map(([pod, { ip }]) => ({
      service,
      pod,
      ip,
      port: 8080,
      metadata: {},
    }));
    for (const one of registered) await nacos.register(one);
    const before = await Promise.all(registered.map((one) => nacos.instance(one)));
    const calls = caller(service, new Map(registered.map(({ ip, pod }) => [ip, pod])));
    const change = {
      gates: { afterGray: { bake: '0s', approval: false as const }, afterBatch: { bake: '0s' } },
      traffic: { through: [nacos.source(nacos.address, service, { callersCache: '500ms' }) as never], quiet: '0s' },
      strategy: { maxUnavailable: 1, warmUp: { for: '4s', weights: ['10%', '50%'] } },
    };

    await world.start(spec(name, 'v2', change));
    await until(() => Promise.resolve([...calls.seen.values()].some((told) => told.includes(0.35))));
    await worker.kill();
    worker = await world.worker();
    expect(await ended(name)).toMatchObject({ phase: 'succeeded' });
    await until(() => Promise.resolve([...calls.seen.values()].every((told) => told.at(-1) === 0.7)));
    for (const told of calls.seen.values()) expect(told).toEqual([0.7, 'out', 0.07, 0.35, 0.7]);
    // One of 0.07 beside two of 0.7: 4.8%; one of 0.35: 20%. With the same for each it would be a third.
    expect(calls.rate(0.07)).toBeGreaterThan(0.01);
    expect(calls.rate(0.07)).toBeLessThan(0.1);
    expect(calls.rate(0.35)).toBeGreaterThan(0.13);
    expect(calls.rate(0.35)).toBeLessThan(0.27);
    expect(await Promise.all(registered.map((one) => nacos.instance(one)))).toEqual(before);

    for (const told of calls.seen.values()) told.splice(0);
    await world.start(spec(name, 'v3', change));
    await until(() => Promise.resolve([...calls.seen.values()].some((told) => told.includes(0.07))));
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
    expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    await until(() => Promise.resolve([...calls.seen.values()].every((told) => told.at(-1) === 0.7)));
    await calls.stop();
    const gray = [...calls.seen.values()].find((told) => told.length > 1);
    expect(gray).toEqual([0.7, 'out', 0.07, 'out', 0.7]);
    expect(await versions(name)).toBe('v2 v2 v2');
    expect(await Promise.all(registered.map((one) => nacos.instance(one)))).toEqual(before);
  });
});
