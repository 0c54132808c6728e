import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pods as podResource } from '../../../../activities/kubernetes/resources.ts';
import { sampleImage } from '../../../../local/sample.ts';
import type { Registered, RegistryUnderTest } from '../../../registries/conformance.ts';
import { startEtcd } from '../../../registries/etcd.ts';
import { type Front, frontOf } from '../../../registries/front.ts';
import { openWorld, until, type World } from '../../../support/world.ts';
import { deny } from '../../activities/admission.ts';
import { releasesIn } from '../../support/releases.ts';

/** Releases through a real registry that counts who calls it. STORM_PODS=1000 STORM_CALLS=200 is what docs/performance.md has. */

const many = Number(process.env['STORM_PODS'] ?? 150);
const callsPerSecond = Number(process.env['STORM_CALLS'] ?? 40);
/** So long the registry wants to be left alone in the middle, s. */
const retryAfter = 2;

let world: World;
let registry: RegistryUnderTest;
let front: Front;
/** How many calls asked for instances. */
let looks = 0;

beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  await world.worker();
  registry = await startEtcd();
  front = await frontOf({
    address: registry.address,
    write: (call) => {
      if (/(range|txn)$/.test(call.url)) looks += 1;
      return registry.write(call);
    },
  });
}, 60_000);
afterAll(async () => {
  await front?.close();
  await registry?.close();
  await world?.close();
});

const { deploy, spec, versions, ended } = releasesIn(() => world);

/** The most calls within any second. */
function busiestSecond(times: readonly number[]): number {
  let most = 0;
  let from = 0;
  for (const [index, at] of times.entries()) {
    while ((times[from] ?? at) <= at - 1_000) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

/** A Deployment whose pods are registered as a service of its name. */
async function shop(name: string, replicas: number) {
  await deploy(name, replicas);
  const service = `${world.namespace}-${name}`;
  const registered = [...(await world.pods(name))].map(
    ([pod, { ip }]): Registered => ({ service, pod, ip, port: 8080, metadata: { weight: '7' } }),
  );
  for (let at = 0; at < registered.length; at += 50)
    await Promise.all(registered.slice(at, at + 50).map((one) => registry.register(one)));
  const through = [registry.source(front.address, service, { callersCache: '0s', callsPerSecond }) as never];
  front.writes.splice(0);
  return {
    traffic: { through, quiet: '0s', maxDrain: '10m' },
    pods: registered.map(({ pod }) => pod),
    stands: () => Promise.all(registered.map((one) => registry.instance(one))),
    /** How often each pod was taken out and put back, most first. */
    flaps: () => {
      const count = (operation: string, pod: string): number =>
        front.writes.filter((write) => write.includes(operation) && write.includes(`/${pod}-8080`)).length;
      return registered.map(({ pod }) => ({ pod, outs: count('/kv/put', pod), backs: count('/kv/deleterange', pod) }));
    },
  };
}

describe('a release of many pods', () => {
  it('does not storm their registry, and leaves it alone when it wants that; each pod is taken out once and put back once', async () => {
    const { traffic, stands, flaps } = await shop('many', many);
    const before = await stands();
    looks = 0;
    front.calls.splice(0);
    const startedMs = Date.now();
    await world.start(
      spec('many', 'v2', {
        traffic,
        strategy: { gray: { pods: 1 }, batches: { count: 2 }, maxUnavailable: '25%', progressDeadline: '20m' },
      }),
    );
    await until(() => Promise.resolve(front.writes.length > many / 2));
    front.be({ status: 429, retryAfter });
    const toldAt = front.calls.length;
    await until(() => Promise.resolve(front.calls.length > toldAt));
    const toldMs = front.calls[toldAt] ?? 0;
    await sleep(retryAfter * 1_000);
    front.be('well');
    // A few may have been on their way when it said so; in this time there could be sixty.
    const after = front.calls.filter((atMs) => atMs > toldMs + 500 && atMs < toldMs + retryAfter * 1_000);
    expect(after.length).toBeLessThan(callsPerSecond / 4);

    const { phase } = await world.until('many', ({ endedAt }) => endedAt !== undefined, 1_200_000);
    const figures = {
      seconds: Math.round((Date.now() - startedMs) / 1_000),
      calls: front.calls.length,
      callsPerPod: front.calls.length / many,
      busiestSecond: busiestSecond(front.calls),
      looks,
    };
    console.log(JSON.stringify(figures));
    expect(phase).toBe('succeeded');
    expect(new Set((await versions('many')).split(' '))).toEqual(new Set(['v2']));
    expect(await stands()).toEqual(before);
    expect(flaps().filter(({ outs, backs }) => outs !== 1 || backs !== 1)).toEqual([]);
    // Exact is when calls begin (pace.test.ts): here they are counted as they come, by a process that is busy, too.
    expect(figures.busiestSecond).toBeLessThanOrEqual(callsPerSecond * 1.25);
    // One out, one back, and looks at many pods at once, the more of them the longer it takes: three in all, as a rule.
    expect(figures.callsPerPod).toBeLessThan(8);
  }, 1_800_000);
});

describe('a pod whose patch is refused after it was taken out', () => {
  it.each([
    ['none may fail', {}],
    ['one of each batch may fail', { failureThreshold: 1 }],
  ])('is taken out once and put back once: %s', async (may, more) => {
    const name = `refused-${may.replaceAll(' ', '-')}`;
    const { traffic, stands, flaps, pods } = await shop(name, 4);
    const before = await stands();
    const [refused = ''] = pods.toSorted();
    const v2 = sampleImage('v2');
    const rule = `request.dryRun || object.metadata.name != '${refused}' || object.spec.containers.all(c, c.image != '${v2}')`;
    const denial = await deny(world, podResource, rule, 'not this one');
    try {
      const strategy = { gray: { pods: 1 }, batches: { count: 3 }, maxUnavailable: 1, ...more };
      await world.start(spec(name, 'v2', { traffic, strategy }));
      // The template cannot be made while a pod has the old version.
      expect(await ended(name)).toMatchObject({ phase: 'rolledBack' });
      expect(flaps().find(({ pod }) => pod === refused)).toEqual({ pod: refused, outs: 1, backs: 1 });
      expect(new Set((await versions(name)).split(' '))).toEqual(new Set(['v1']));
      expect(await stands()).toEqual(before);
    } finally {
      await denial.lift();
    }
  });
});
