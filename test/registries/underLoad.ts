import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { nodes } from '../../activities/kubernetes/resources.ts';
import { milliseconds } from '../../workflows/contract/quantity.ts';
import type { PodStatus, ReleaseStatus } from '../../workflows/contract/status.ts';
import { openWorld, type WorkerProcess, type World } from '../support/world.ts';
import { type CalledShop, calledShop } from './calledShop.ts';
import type { RegistryClients } from './clients/client.ts';
import { credentialsFolder } from './credentialsFolder.ts';
import { type Door, openDoor } from './door.ts';
import type { RestartableRegistry } from './restartable.ts';

const cli = fileURLToPath(new URL('../../dist/client/cli/main.js', import.meta.url));

/**
 * Three releases under load at the same time, one of each end, to share what takes long: one that is to succeed, one of a version that answers with
 * errors, and one that is called off. The registry is killed and started again, and the worker is killed, while pods of the first are out.
 */
export function underLoad(registry: RestartableRegistry, clients: RegistryClients): void {
  let world: World;
  let door: Door;
  let worker: WorkerProcess;
  let shops: readonly [released: CalledShop, broken: CalledShop, aborted: CalledShop];
  const credentials = credentialsFolder(registry.credentials);

  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    const { items } = await world.kube.list(nodes, { labelSelector: 'sluice.dev/fleet=containerd' });
    const node = items[0]?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
    // The two ends of a cable: .1 and .2.
    door = await openDoor(node.replace(/\.2$/, '.1'), clients.agent ?? registry.address);
    const where = { world, registry, clients, at: door.address };
    [worker, shops] = await Promise.all([
      world.worker(),
      Promise.all([calledShop(where, 'released', 3), calledShop(where, 'broken', 2), calledShop(where, 'aborted', 3)]),
    ]);
  });
  afterAll(async () => {
    await world?.close();
    await door?.close();
    await registry.close();
    credentials.remove();
  });

  const logs = ({ batches }: ReleaseStatus) => batches.flatMap(({ pods }) => pods);
  const words = ({ log = [] }: PodStatus): string => log.map(({ is }) => is).join(' ');

  /** Each pod of the release, by its own log and by that of its container. */
  async function expectInOrder({ name }: CalledShop, status: ReleaseStatus): Promise<void> {
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

  /** What anybody can read. */
  function expectTold({ name }: CalledShop, status: ReleaseStatus): void {
    const where = ['-n', world.namespace, '--cluster', world.cluster, '-o', 'wide'];
    const told = execFileSync(process.execPath, [cli, 'status', `deployment/${name}`, ...where], {
      env: { ...process.env, ...world.env },
      encoding: 'utf8',
    });
    for (const { name: pod } of logs(status))
      expect(told).toMatch(new RegExp(`${pod}.* out [\\d:]+ {2}silent [\\d:]+ {2}patched .* ready .* back `));
  }

  describe(`callers that ${clients.caches}`, () => {
    it('scenario 42: a release, one that goes wrong and one that is called off, the registry restarted and the worker killed in the middle: 0 failed requests', async () => {
      const [released, broken, aborted] = shops;
      const [ofReleased, ofBroken, ofAborted] = await Promise.all([released.call(), broken.call(), aborted.call()]);
      await Promise.all([released.start('v2', {}), broken.start('v5-errors', false), aborted.start('v3', {})]);

      // Its errors met no caller.
      const wentWrong = await broken.ended();
      expect(wentWrong).toMatchObject({ phase: 'rolledBack', failure: { code: 'CHECK_FAILED' } });
      expect(words(logs(wentWrong)[0]!)).toBe('out silent patched ready failed patched ready back');
      expect(await ofBroken.stop()).toEqual(['v1']);

      await released.approve();
      await released.inBatch();
      await registry.restart();
      expect((await world.sluice.status(world.target(released.name))).endedAt).toBeUndefined();
      await worker.kill();
      worker = await world.worker();

      await aborted.allCalled();
      await aborted.approve();
      await aborted.inBatch();
      await world.sluice.send(world.target(aborted.name), 'rollback', { by: 'carol', reason: 'customers complain' });

      const succeeded = await released.ended();
      expect(succeeded).toMatchObject({ phase: 'succeeded' });
      for (const pod of logs(succeeded)) expect(words(pod)).toBe('out silent patched ready checked back');
      await expectInOrder(released, succeeded);
      expectTold(released, succeeded);
      expect(await ofReleased.stop()).toEqual(['v1', 'v2']);

      const calledOff = await aborted.ended();
      expect(calledOff).toMatchObject({ phase: 'rolledBack', notUndone: [] });
      await expectInOrder(aborted, calledOff);
      for (const { image } of (await world.pods(aborted.name)).values())
        expect(image.split('@')[0]).toBe(aborted.image('v1'));
      expect(await ofAborted.stop()).toEqual(['v1', 'v3']);
    });
  });
}
