import { Client, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connect } from '../../client/sdk/connect.ts';
import { temporalSettings } from '../../client/sdk/settings.ts';
import { environment } from '../../local/inspect.ts';
import type { Reply } from '../../workflows/contract/messages.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import { planOf } from '../temporal/support/plans.ts';
import { refused, SimulatedCluster } from '../temporal/support/simulatedCluster.ts';
import { type Running, withRelease } from '../temporal/support/temporal.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };

/** The plan of `version` for all pods that do not have it, gray first. */
function next(cluster: SimulatedCluster, version: string, change: Partial<Plan> = {}): Plan {
  const due = [...cluster.pods.values()].filter(({ image }) => image !== `app:${version}`);
  const plan = planOf([1, due.length - 1], {}, [{ approval }]);
  const batches = plan.batches.map((batch, at) => ({
    ...batch,
    pods: (at === 0 ? due.slice(0, 1) : due.slice(1)).map(({ name, uid, ready, serving }) => ({
      name,
      uid,
      node: 'node-1',
      ready: ready && serving,
    })),
  }));
  const target = { ...plan.target, cluster: cluster.planned.target.cluster };
  return {
    ...plan,
    target,
    batches,
    change: { from: { app: 'app:v1' }, to: { app: `app:${version}` }, version, fromVersion: 'v1' },
    ...change,
  };
}

/** A simulation whose next plan is that of `version`. */
function simulated(sizes: readonly number[], change: Partial<Plan> = {}, gates = [{ approval }]): SimulatedCluster {
  const cluster = new SimulatedCluster(planOf(sizes, change, gates));
  cluster.next = () => next(cluster, 'v3');
  return cluster;
}

const supersede = (handle: WorkflowHandle, more: object = {}, updateId?: string): Promise<Reply> =>
  handle.executeUpdate<Reply, [object]>('supersede', {
    args: [{ by: 'bob', spec: { v: 3 }, ...more }],
    ...(updateId !== undefined && { updateId }),
  });

const untilV3 = ({ until }: Running) =>
  until(({ version, run, supersedes }) => version === 'v3' && run !== supersedes?.run && supersedes !== undefined);

const restarts = (cluster: SimulatedCluster): number[] => [...cluster.pods.values()].map((pod) => pod.restarts);
const allServe = (cluster: SimulatedCluster): boolean =>
  [...cluster.pods.values()].every((pod) => pod.serving && pod.ready);

/** The messages of a release against a simulated cluster, on a real Temporal: each newer version is a run of its own. */
describe('a newer version in mid-release', () => {
  let env: { readonly client: Client; readonly nativeConnection: NativeConnection };
  let close: () => Promise<void> = () => Promise.resolve();
  beforeAll(async () => {
    const variables = await environment({ stateDir: inject('stack').stateDir });
    const connection = await connect(await temporalSettings({ env: { ...variables } }), 10_000);
    const nativeConnection = await NativeConnection.connect({ address: variables.TEMPORAL_ADDRESS });
    env = { client: new Client({ connection }), nativeConnection };
    close = async () => {
      await nativeConnection.close();
      await connection.close();
    };
  });
  afterAll(() => close());
  const latest = (handle: WorkflowHandle) => env.client.workflow.getHandle(handle.workflowId);

  it('at a gate: ends there, and the newer one goes to all pods, gray first, with gates of its own', async () => {
    const cluster = simulated([1, 3]);
    await withRelease(env, cluster, async (running) => {
      const { handle, run, until, status } = running;
      const held = await until((now) => now.waiting?.for === 'approval');
      const { text } = await supersede(latest(handle), {}, 'key-1');
      expect(text).toContain('Superseding v2 with v3');
      const begun = await untilV3(running);
      expect(begun).toMatchObject({ initiator: 'bob', fromVersion: 'v1', supersedes: { run, version: 'v2' } });
      expect(begun.supersedes?.text).toBe('Superseded by v3 for bob: 1 of 4 pods had v2 by then.');
      // The same words once more, with the same key: the same answer, and nothing else.
      expect(await supersede(latest(handle), {}, 'key-1')).toMatchObject({ text });
      await until((now) => now.waiting?.for === 'approval');
      // An approval that was meant for the other release opens nothing.
      await expect(
        latest(handle).executeUpdate('approve', { args: [{ by: 'anna', gate: 'after-gray', run: held.run }] }),
      ).rejects.toMatchObject({ cause: { type: 'RELEASE_NOT_FOUND' } });
      await latest(handle).executeUpdate('approve', { args: [{ by: 'anna', gate: 'after-gray', run: begun.run }] });
      expect(await latest(handle).result()).toMatchObject({ phase: 'succeeded' });
      expect((await status()).batches.map(({ name, pods }) => `${name} ${pods.length}`)).toEqual([
        'gray 1',
        'batch-1 3',
      ]);
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v3']));
    expect(restarts(cluster)).toEqual([2, 1, 1, 1]);
    expect(cluster.records.map(({ phase, version, supersedes }) => [phase, version, supersedes?.version])).toEqual([
      ['superseded', 'v2', undefined],
      ['succeeded', 'v3', 'v2'],
    ]);
    expect(cluster).toMatchObject({ templateImage: 'app:v3', holder: undefined, open: false, paused: false });
    expect(cluster.calls.filter((call) => call === 'commit')).toHaveLength(1);
  });

  it('a plan that is refused leaves the release as it was, at its gate with its approval', async () => {
    const cluster = simulated([1, 3]);
    cluster.next = () => {
      throw refused('IMAGE_NOT_FOUND', 'registry.local has no app:v3');
    };
    await withRelease(env, cluster, async ({ handle, run, until, status }) => {
      await until((now) => now.waiting?.for === 'approval');
      await expect(supersede(handle)).rejects.toMatchObject({ cause: { type: 'IMAGE_NOT_FOUND' } });
      expect(await status()).toMatchObject({ phase: 'gate', version: 'v2', run });
      await handle.signal('supersede', { by: 'carol', spec: {} });
      expect(await until(({ refused: list }) => list.length > 0)).toMatchObject({
        refused: [{ name: 'supersede', by: 'carol', code: 'IMAGE_NOT_FOUND' }],
      });
      await handle.executeUpdate('approve', { args: [{ by: 'anna', gate: 'after-gray' }] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(restarts(cluster)).toEqual([1, 1, 1, 1]);
  });

  it('refused when it is planned once more, the release goes on from where it was', async () => {
    const cluster = simulated([1, 3]);
    let plans = 0;
    cluster.next = () => {
      plans += 1;
      if (plans > 1) throw refused('IMAGE_NOT_FOUND', 'it is gone');
      return next(cluster, 'v3');
    };
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      await supersede(handle);
      const back = await until((now) => now.refused.length > 0 && now.waiting?.for === 'approval');
      expect(back).toMatchObject({ version: 'v2', phase: 'gate', waiting: { gate: 'after-gray' } });
      await handle.executeUpdate('approve', { args: [{ by: 'anna', gate: 'after-gray' }] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    // No second gray group, and nobody twice.
    expect(restarts(cluster)).toEqual([1, 1, 1, 1]);
  });

  it('in the middle of a batch: pods in hand are finished, no further one begins', async () => {
    const cluster = simulated([1, 5], { maxUnavailable: 2 }, []);
    let letGo: () => void = () => undefined;
    const meanwhile = new Promise<void>((resolve) => void (letGo = resolve));
    cluster.before = (activity, request) => {
      const names =
        activity === 'silence' ? (request as { pods: { name: string }[] }).pods.map(({ name }) => name) : [];
      return names.includes('a2') ? meanwhile : undefined;
    };
    await withRelease(env, cluster, async (running) => {
      const { handle, until } = running;
      await until(() => cluster.calls.some((call) => call.startsWith('silence a2')));
      await supersede(handle);
      const going = await until((now) => now.supersededBy !== undefined);
      expect(going.text).toBe('Goes on to v3 for bob; what is in hand is finished first.');
      expect(cluster.pods.get('a2')).toMatchObject({ serving: false });
      letGo();
      await untilV3(running);
      expect(cluster.pods.get('a2')).toMatchObject({ serving: true, ready: true, image: 'app:v2' });
      // It was left unfinished, and did not fail.
      expect(cluster.records[0]?.batches.map(({ state, failed }) => [state, failed])).toEqual([
        ['done', 0],
        ['waiting', 0],
      ]);
      const upgraded = cluster.images().filter((image) => image === 'app:v2').length;
      expect(upgraded).toBeLessThan(6);
      await until((now) => now.waiting?.for === 'approval');
      await latest(handle).executeUpdate('approve', { args: [{ by: 'anna', gate: 'after-gray' }] });
      expect(await latest(handle).result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v3']));
    expect(allServe(cluster)).toBe(true);
    expect(cluster.mostDown).toBeLessThanOrEqual(2);
  });

  it('held after a failure: mends the pod that failed', async () => {
    const cluster = simulated([1, 3], { onFailure: 'Hold' });
    cluster.broken.set('app:v2', 'POD_FAILED');
    await withRelease(env, cluster, async (running) => {
      const { handle, until } = running;
      await until((now) => now.phase === 'held');
      expect(cluster.pods.get('a1')).toMatchObject({ serving: false, ready: false });
      await supersede(handle);
      await untilV3(running);
      await until((now) => now.waiting?.for === 'approval');
      expect(cluster.pods.get('a1')).toMatchObject({ serving: true, ready: true, image: 'app:v3' });
      await latest(handle).executeUpdate('approve', { args: [{ by: 'anna', gate: 'after-gray' }] });
      expect(await latest(handle).result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(allServe(cluster)).toBe(true);
  });

  it('paused: the pause ends with the release it was for, unless the newer one is to wait too', async () => {
    const cluster = simulated([1, 3]);
    await withRelease(env, cluster, async (running) => {
      const { handle, until } = running;
      await until((now) => now.waiting?.for === 'approval');
      await handle.executeUpdate('pause', { args: [{ by: 'anna' }] });
      await supersede(handle, { paused: true });
      const waits = await untilV3(running);
      expect(waits).toMatchObject({ paused: { by: 'bob' }, waiting: { for: 'resume' } });
      expect(cluster.images()).toEqual(['app:v2', 'app:v1', 'app:v1', 'app:v1']);
      expect(cluster.calls.at(-1)).toBe('plan-next');
      await latest(handle).executeUpdate('resume', { args: [{ by: 'bob' }] });
      await until((now) => now.waiting?.for === 'approval');
      await latest(handle).executeUpdate('rollback', { args: [{ by: 'bob' }] });
      expect(await latest(handle).result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
  });

  it('twice in a row, then back: every pod goes to the version before all of them', async () => {
    const cluster = simulated([1, 1, 2], {}, [{ approval }, { approval }]);
    await withRelease(env, cluster, async (running) => {
      const { handle, until } = running;
      await until((now) => now.waiting?.gate === 'after-gray');
      await handle.executeUpdate('approve', { args: [{ by: 'anna', gate: 'after-gray' }] });
      await until((now) => now.waiting?.gate === 'after-batch-1');
      await supersede(handle);
      await untilV3(running);
      await until((now) => now.waiting?.for === 'approval');
      expect(cluster.images().toSorted()).toEqual(['app:v1', 'app:v1', 'app:v2', 'app:v3']);
      cluster.next = () => next(cluster, 'v4');
      await supersede(latest(handle));
      await until(({ version }) => version === 'v4');
      await until((now) => now.waiting?.for === 'approval');
      expect(cluster.images().toSorted()).toEqual(['app:v1', 'app:v1', 'app:v2', 'app:v4']);
      await latest(handle).executeUpdate('rollback', { args: [{ by: 'bob', reason: 'neither of them' }] });
      expect(await latest(handle).result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1', 'app:v1']);
    expect(allServe(cluster)).toBe(true);
    expect(cluster.records.map(({ phase }) => phase)).toEqual(['superseded', 'superseded', 'rolledBack']);
    expect(cluster).toMatchObject({ holder: undefined, templateImage: 'app:v1' });
  });

  it('a rollback that is asked for meanwhile wins, also one that names the release that was superseded', async () => {
    const cluster = simulated([1, 3]);
    let planning: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => void (planning = resolve));
    let plans = 0;
    cluster.before = async (activity) => {
      if (activity === 'plan-next') plans += 1;
      if (activity === 'plan-next' && plans === 2) await asked;
    };
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      await supersede(handle);
      await until(() => plans === 2);
      await handle.executeUpdate('rollback', { args: [{ by: 'carol' }] });
      planning();
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));

    const late = simulated([1, 3]);
    await withRelease(env, late, async (running) => {
      const { handle, run, until } = running;
      await until((now) => now.waiting?.for === 'approval');
      await supersede(handle);
      await untilV3(running);
      await latest(handle).executeUpdate('rollback', { args: [{ by: 'carol', run }] });
      expect(await latest(handle).result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(new Set(late.images())).toEqual(new Set(['app:v1']));
  });

  it('one that is asked for while the record is written is carried over, and undoes both', async () => {
    const cluster = simulated([1, 3]);
    let written: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => void (written = resolve));
    let isWriting = false;
    cluster.before = async (activity) => {
      if (activity !== 'record' || isWriting) return;
      isWriting = true;
      await asked;
    };
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      await supersede(handle);
      await until(() => isWriting);
      await handle.executeUpdate('rollback', { args: [{ by: 'carol', reason: 'stop it all' }] });
      written();
      expect(await latest(handle).result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1', 'app:v1']);
    expect(cluster.images().includes('app:v3')).toBe(false);
    expect(cluster.records.map(({ phase, rollback }) => [phase, rollback?.by])).toEqual([
      ['superseded', undefined],
      ['rolledBack', 'carol'],
    ]);
  });

  it('a dry run answers the plan and changes nothing; during a rollback there is none', async () => {
    const cluster = simulated([1, 3]);
    cluster.slow.add('app:v1');
    await withRelease(env, cluster, async ({ handle, until, status }) => {
      await until((now) => now.waiting?.for === 'approval');
      const { plan } = await supersede(handle, { dryRun: true });
      expect(plan?.change).toMatchObject({ version: 'v3', fromVersion: 'v1' });
      expect(await status()).toMatchObject({ phase: 'gate', version: 'v2' });
      await handle.executeUpdate('rollback', { args: [{ by: 'carol' }] });
      await until((now) => now.phase === 'rollingBack');
      await expect(supersede(handle)).rejects.toMatchObject({
        cause: { type: 'REFUSED', details: [{ next: expect.stringContaining('Wait for its end') }] },
      });
      cluster.slow.clear();
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
  });
});
