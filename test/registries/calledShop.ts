import { expect } from 'vitest';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import type { ReleaseStatus } from '../../workflows/contract/status.ts';
import { startLoad } from '../support/load.ts';
import { until, type World } from '../support/world.ts';
import { port, type RegistryClients } from './clients/client.ts';
import type { Registered, RegistryUnderTest } from './conformance.ts';

export interface Where {
  readonly world: World;
  readonly registry: RegistryUnderTest;
  readonly clients: RegistryClients;
  /** The registry's address as pods reach it. */
  readonly at: string;
}

export interface CalledShop {
  readonly name: string;
  image(tag: SampleTag): string;
  start(tag: SampleTag, approval: Approval): Promise<void>;
  approve(): Promise<void>;
  /** Its release as it is as soon as `wanted`. */
  when(wanted: (status: ReleaseStatus) => boolean): Promise<ReleaseStatus>;
  ended(): Promise<ReleaseStatus>;
  /** Pods of its second batch are out. */
  inBatch(): Promise<unknown>;
  allCalled(): Promise<void>;
  /** Callers, until `stop`: nobody may have failed, and all is in the registry as it was. That answers the versions that answered them. */
  call(): Promise<{ stop(): Promise<readonly string[]> }>;
}

/** Of the gate after the gray pod: `false` goes on, `{}` waits. */
type Approval = false | object;

/**
 * Pods on a real kubelet that are found through a registry only: the application in each container registers itself and takes itself off.
 * Callers find it as that registry's clients do, cache what they find as those, call at a constant rate and never try again.
 */
export async function calledShop(
  { world, registry, clients, at }: Where,
  name: string,
  replicas: number,
): Promise<CalledShop> {
  const service = `${world.namespace}-${name}`;
  const image = (tag: SampleTag): string => sampleImage(tag, world.env['SLUICE_REGISTRY']);
  const registered = async (): Promise<readonly Registered[]> =>
    [...(await world.pods(name))].map(([pod, { ip }]) => ({ service, pod, ip, port, metadata: {} }));
  const called = async (): Promise<readonly string[]> => {
    const all = await registered();
    const isCalled = await Promise.all(all.map((one) => registry.isCalled(one)));
    return all.filter((_, index) => isCalled[index]).map(({ ip }) => `${ip}:${port}`);
  };
  const seen = async () => Promise.all((await registered()).map((one) => registry.instance(one)));
  const allCalled = () => until(async () => (await called()).length === replicas);
  const when: CalledShop['when'] = (wanted) => world.until(name, wanted, 400_000);

  const spec = (tag: SampleTag, approval: Approval): ReleaseSpecInput =>
    world.spec(name, image(tag), {
      strategy: { gray: { pods: 1 }, batches: { count: 1 }, maxUnavailable: 2, readyTimeout: '2m' },
      gates: { afterGray: { bake: '0s', approval }, afterBatch: { bake: '0s' } },
      checks: [{ http: { path: '/', port } }],
      traffic: {
        through: [registry.source(registry.address, service, { callersCache: clients.callersCache }) as never],
        quiet: '250ms',
        maxDrain: '90s',
      },
    });

  const env = {
    REGISTRATION: JSON.stringify(clients.registration(at, service)),
    REGISTRY: at,
    // It takes itself off, then finishes what is under way, as applications that are stopped in good order.
    SHUTDOWN_DELAY: '1s',
  };
  await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas, env });
  await allCalled();

  return {
    name,
    image,
    when,
    allCalled,
    start: (tag, approval) => world.start(spec(tag, approval)),
    approve: async () => {
      const { waiting } = await when((status) => status.waiting?.for === 'approval');
      await world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: waiting?.gate ?? '' });
    },
    ended: () => when(({ endedAt }) => endedAt !== undefined),
    inBatch: () => when(({ batches }) => batches[1]?.pods.some(({ log = [] }) => log.length > 0) ?? false),
    call: async () => {
      const before = await seen();
      let known: readonly string[] = [];
      const callers = await Promise.all(
        [true, false].map((keepAlive) =>
          startLoad({
            kube: world.kube,
            namespace: world.namespace,
            service,
            rate: 50,
            keepAlive,
            follow: (targets, signal) =>
              clients.follow(
                service,
                (addresses) => {
                  known = addresses;
                  targets.set(addresses);
                },
                signal,
              ),
          }),
        ),
      );
      return {
        stop: async () => {
          await allCalled();
          await until(async () => [...known].toSorted().join() === [...(await called())].toSorted().join());
          const results = await Promise.all(callers.map((caller) => caller.stop()));
          expect(
            results.flatMap(({ failed }) => failed),
            name,
          ).toEqual([]);
          for (const { sent } of results) expect(sent).toBeGreaterThan(100);
          expect(await seen()).toEqual(before);
          return [...new Set(results.flatMap(({ versions }) => Object.keys(versions)))].toSorted();
        },
      };
    },
  };
}
