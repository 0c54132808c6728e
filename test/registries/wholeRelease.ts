import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pods as podResource } from '../../activities/kubernetes/resources.ts';
import type { Pod } from '../../activities/kubernetes/wire.ts';
import { validateDrain } from '../../workflows/contract/drain/validate.schema.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { releasesIn, versionOf } from '../kwok/support/releases.ts';
import { openWorld, until, type World } from '../support/world.ts';
import type { Registered, RegistryUnderTest, RegistryUser } from './conformance.ts';

const approvedBy = { afterGray: { bake: '0s', approval: false as const }, afterBatch: { bake: '0s' } };

/** Whole releases through a Service and a registry: real Temporal, worker, API server, controllers and registry; pods of kwok. */
export function releases(registry: RegistryUnderTest): void {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());
  const { deploy, ended, spec, versions, clean } = releasesIn(() => world);

  const listed = async (name: string): Promise<readonly Pod[]> =>
    (await world.kube.list(podResource, { namespace: world.namespace, labelSelector: `app=${name}` })).items;

  /**
   * Registers all pods, and anew when their containers have started anew, as an application in good order does. Writes
   * down what callers could see of each: `v1 called`, `v1 out`, `v2 out`, …
   */
  async function applications(name: string, service: string) {
    const known = new Map<string, { readonly is: Registered; readonly user: RegistryUser; restarts: number }>();
    const journal = new Map<string, string[]>();
    const stop = new AbortController();
    const turn = async (): Promise<void> => {
      // The registry first: a pod that is called has its version by then, and keeps it until callers' caches are outlasted.
      const called = new Map<string, boolean>();
      for (const [pod, { is }] of known) called.set(pod, await registry.isCalled(is));
      for (const { metadata, status, spec: has } of await listed(name)) {
        const restarts = status?.containerStatuses?.[0]?.restartCount ?? 0;
        const of = known.get(metadata.name);
        if (of === undefined) {
          const is = { service, pod: metadata.name, ip: status?.podIP ?? '', port: 8080, metadata: { weight: '7' } };
          known.set(metadata.name, { is, user: await registry.register(is), restarts });
          continue;
        }
        if (restarts > of.restarts) {
          await of.user.leave();
          await of.user.again();
          of.restarts = restarts;
        }
        const seen = `${versionOf(has.containers[0]?.image ?? '')} ${called.get(metadata.name) === true ? 'called' : 'out'}`;
        const told = journal.get(metadata.name) ?? [];
        if (told.at(-1) !== seen) journal.set(metadata.name, [...told, seen]);
      }
    };
    await turn();
    const running = (async () => {
      while (!stop.signal.aborted) {
        await turn();
        await sleep(20);
      }
    })();
    return {
      journal,
      seen: () => Promise.all([...known.values()].map(({ is }) => registry.instance(is))),
      stop: async () => {
        stop.abort();
        await running;
      },
    };
  }

  const throughBoth = (name: string, service: string): Pick<ReleaseSpecInput, 'traffic' | 'gates'> => ({
    gates: approvedBy,
    traffic: {
      through: [{ service: name }, registry.source(registry.address, service, { callersCache: '3s' }) as never],
      quiet: '0s',
    },
  });

  describe('a whole release', () => {
    it('every pod is out before it is changed and back after; an instance that registers anew meanwhile does not stay in', async () => {
      const [name, service] = ['registered', `${world.namespace}-registered`];
      await deploy(name, 3);
      const apps = await applications(name, service);
      const before = await apps.seen();
      await world.start(spec(name, 'v2', throughBoth(name, service)));
      expect(await ended(name)).toMatchObject({ phase: 'succeeded' });
      await until(async () => [...apps.journal.values()].every((told) => told.at(-1) === 'v2 called'));
      for (const told of apps.journal.values()) expect(told.slice(0, 2)).toEqual(['v1 called', 'v1 out']);

      // One that never gets ready is out of traffic until it is what it was, however often it registers.
      const change = { ...throughBoth(name, service), strategy: { gray: { pods: 1 }, readyTimeout: '8s' } };
      await world.start(spec(name, 'v4-notready', change));
      expect(await ended(name)).toMatchObject({ phase: 'rolledBack' });
      await until(async () => [...apps.journal.values()].every((told) => told.at(-1) === 'v2 called'));
      await apps.stop();
      const bad = [...apps.journal.values()]
        .map((told) => told.filter((seen) => seen.startsWith('v4')))
        .filter(({ length }) => length > 0);
      expect(bad).toHaveLength(1);
      // It registered as if nothing were, and was taken out again.
      expect(bad[0]?.at(-1)).toBe('v4 out');
      expect(await versions(name)).toBe('v2 v2 v2');
      expect(await apps.seen()).toEqual(before);
      await clean(name, 3);
    });

    it('a pod that was taken out by hand stays out although it registers anew, and comes back as it was', async () => {
      const [name, service] = ['by-hand', `${world.namespace}-by-hand`];
      await deploy(name, 2);
      const all = (await listed(name)).map(({ metadata, status }) => ({
        service,
        pod: metadata.name,
        ip: status?.podIP ?? '',
        port: 8080,
        metadata: { weight: '7' },
      }));
      const users = await Promise.all(all.map((one) => registry.register(one)));
      await until(async () => (await Promise.all(all.map((one) => registry.isCalled(one)))).every(Boolean));
      const before = await Promise.all(all.map((one) => registry.instance(one)));
      const [out, user] = [all[0], users[0]];
      if (out === undefined || user === undefined) throw new Error('there is no pod');

      const { namespace, cluster } = world;
      const given = {
        metadata: { namespace },
        target: { cluster, workload: `deployment/${name}` },
        drain: { pods: [out.pod] },
        traffic: { through: [registry.source(registry.address, service, { callersCache: '0s' })], quiet: '0s' },
      };
      await world.sluice.drain(validateDrain(given), { initiator: 'test' });
      await world.until(name, ({ waiting }) => waiting?.for === 'approval');
      expect(await registry.isCalled(out)).toBe(false);
      for (let time = 0; time < 2; time += 1) {
        await user.leave();
        await user.again();
        await until(async () => (await registry.instance(out)) !== undefined && !(await registry.isCalled(out)));
      }
      await world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: 'out-of-traffic' });
      expect(await ended(name)).toMatchObject({ phase: 'succeeded' });
      await until(async () => registry.isCalled(out));
      expect(await Promise.all(all.map((one) => registry.instance(one)))).toEqual(before);
      await clean(name, 2);
    });
  });
}
