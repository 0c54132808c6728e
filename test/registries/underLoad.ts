import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { nodes } from '../../activities/kubernetes/resources.ts';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import { milliseconds } from '../../workflows/contract/quantity.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import type { PodStatus, ReleaseStatus } from '../../workflows/contract/status.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, until, type WorkerProcess, type World } from '../support/world.ts';
import { port, type RegistryClients } from './clients/client.ts';
import type { Registered } from './conformance.ts';
import { credentialsFolder } from './credentialsFolder.ts';
import { type Door, openDoor } from './door.ts';
import type { RestartableRegistry } from './restartable.ts';

const cli = fileURLToPath(new URL('../../dist/client/cli/main.js', import.meta.url));
const name = 'shop';
const replicas = 3;

/**
 * Whole releases on a real kubelet, found through a real registry only: the application in each container registers itself and takes itself
 * off; callers of ours find it as that registry's clients do, cache what they find as those, call at a constant rate and never
 * try again.
 */
export function underLoad(registry: RestartableRegistry, clients: RegistryClients): void {
  let world: World;
  let door: Door;
  let service: string;
  let worker: WorkerProcess;
  const credentials = credentialsFolder(registry.credentials);
  const image = (tag: SampleTag): string => sampleImage(tag, world.env['SLUICE_REGISTRY']);

  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    worker = await world.worker();
    service = `${world.namespace}-${name}`;
    const { items } = await world.kube.list(nodes, { labelSelector: 'sluice.dev/fleet=containerd' });
    const node = items[0]?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
    // The two ends of a cable: .1 and .2.
    door = await openDoor(node.replace(/\.2$/, '.1'), registry.address);
    const REGISTRATION = JSON.stringify(clients.registration(door.address, service));
    await world.deploy({ name, image: image('v1'), runtime: 'containerd', replicas, env: { REGISTRATION } });
    await until(async () => (await called()).length === replicas);
  });
  afterAll(async () => {
    await world?.close();
    await door?.close();
    await registry.close();
    credentials.remove();
  });

  const registered = async (): Promise<readonly Registered[]> =>
    [...(await world.pods(name))].map(([pod, { ip }]) => ({ service, pod, ip, port, metadata: {} }));
  const called = async (): Promise<readonly string[]> => {
    const all = await registered();
    const isCalled = await Promise.all(all.map((one) => registry.isCalled(one)));
    return all.filter((_, index) => isCalled[index]).map(({ ip }) => `${ip}:${port}`);
  };
  const seen = async () => Promise.all((await registered()).map((one) => registry.instance(one)));

  const spec = (tag: SampleTag): ReleaseSpecInput =>
    world.spec(name, image(tag), {
      strategy: { gray: { pods: 1 }, batches: { count: 1 }, maxUnavailable: 2, readyTimeout: '2m' },
      checks: [{ http: { path: '/', port } }],
      traffic: {
        through: [registry.source(registry.address, service, { callersCache: clients.callersCache }) as never],
        quiet: '250ms',
        maxDrain: '90s',
      },
    });

  /** Callers before, during and after `act`: nobody may fail, and all is in the registry as it was. Answers whom they reached. */
  async function underCalls(act: () => Promise<ReleaseStatus>) {
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
    const ended = await act();
    await until(async () => [...known].toSorted().join() === [...(await called())].toSorted().join());
    await until(async () => known.length === replicas);
    const results = await Promise.all(callers.map((caller) => caller.stop()));
    expect(results.flatMap(({ failed }) => failed)).toEqual([]);
    for (const { sent } of results) expect(sent).toBeGreaterThan(100);
    expect(await seen()).toEqual(before);
    return { ended, versions: results.map(({ versions }) => versions) };
  }

  const ended = () => world.until(name, ({ endedAt }) => endedAt !== undefined, 400_000);
  /** Pods of its second batch are out. */
  const inBatch = () =>
    world.until(name, ({ batches }) => batches[1]?.pods.some(({ log = [] }) => log.length > 0) ?? false, 200_000);
  const logs = ({ batches }: ReleaseStatus) => batches.flatMap(({ pods }) => pods);
  const words = ({ log = [] }: PodStatus): string => log.map(({ is }) => is).join(' ');

  /** Each pod of the release, by its own log and by that of its container. */
  async function expectInOrder(status: ReleaseStatus): Promise<void> {
    const facts = await world.pods(name);
    for (const pod of logs(status)) {
      // Once forward, and once back; one that was not changed yet when it was called off is not changed back.
      expect(`${words(pod)} `).toMatch(
        /^(out silent (patched )*(ready checked )?(ready )?back |out (silent )?ready back )+$/,
      );
      const { log = [] } = pod;
      const times = log.map((moment) => Date.parse(moment.at));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      // Callers may use what they found for so long.
      const outFor = log.flatMap(({ is }, index) =>
        is === 'silent' ? [(times[index] ?? 0) - (times[index - 1] ?? 0)] : [],
      );
      expect(Math.min(...outFor, Infinity)).toBeGreaterThanOrEqual(milliseconds(clients.callersCache));
      const last = (is: string): number => Date.parse(log.findLast((moment) => moment.is === is)?.at ?? '');
      if (Number.isNaN(last('patched'))) continue;
      const startedMs = Date.parse(facts.get(pod.name)?.containers['app']?.startedAt ?? '');
      // Kubernetes tells whole seconds; whoever comes after a worker that died finds the pod patched, and says so then.
      expect(startedMs).toBeGreaterThan((status.phase === 'succeeded' ? last('silent') : last('patched')) - 1_000);
      expect(startedMs).toBeLessThanOrEqual(last('ready'));
    }
  }

  describe(`callers that ${clients.caches}`, () => {
    it('scenario 42: a release, the registry restarted and the worker killed in the middle: 0 failed requests', async () => {
      const { ended: status, versions } = await underCalls(async () => {
        await world.start(spec('v2'));
        await inBatch();
        await registry.restart();
        expect((await world.sluice.status(world.target(name))).endedAt).toBeUndefined();
        await worker.kill();
        worker = await world.worker();
        return ended();
      });
      expect(status).toMatchObject({ phase: 'succeeded' });
      for (const by of versions) expect(by['v2']).toBeGreaterThan(0);
      for (const pod of logs(status)) expect(words(pod)).toBe('out silent patched ready checked back');
      await expectInOrder(status);
      // What anybody can read.
      const where = ['-n', world.namespace, '--cluster', world.cluster, '-o', 'wide'];
      const told = execFileSync(process.execPath, [cli, 'status', `deployment/${name}`, ...where], {
        env: { ...process.env, ...world.env },
        encoding: 'utf8',
      });
      for (const { name: pod } of logs(status))
        expect(told).toMatch(new RegExp(`${pod}.* out [\\d:]+ {2}silent [\\d:]+ {2}patched .* ready .* back `));
    });

    it('a version that answers with errors is rolled back, and no caller has met it: 0 failed requests', async () => {
      const { ended: status, versions } = await underCalls(async () => {
        await world.start(spec('v5-errors'));
        return ended();
      });
      expect(status).toMatchObject({ phase: 'rolledBack', failure: { code: 'CHECK_FAILED' } });
      for (const by of versions) expect(Object.keys(by)).toEqual(['v2']);
      const [gray] = logs(status);
      expect(words(gray!)).toBe('out silent patched ready failed patched ready back');
    });

    it('a release that is called off in mid-batch goes back: 0 failed requests', async () => {
      const { ended: status } = await underCalls(async () => {
        await world.start(spec('v3'));
        await inBatch();
        await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
        return ended();
      });
      expect(status).toMatchObject({ phase: 'rolledBack', notUndone: [] });
      await expectInOrder(status);
      expect([...(await world.pods(name)).values()].every((pod) => pod.image.split('@')[0] === image('v2'))).toBe(true);
    });
  });
}
