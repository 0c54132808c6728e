import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planOf } from './support/plans.ts';
import { refused, SimulatedCluster } from './support/simulatedCluster.ts';
import { simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };

describe.skipIf(timeSkippingServer() === undefined)('the record of a release (time skipping)', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  it('says who, when, how long its gates waited for whom, and what was decided; it is kept before the end shows', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ bakeMs: 60_000, approval }]));
    const phases: string[] = [];
    const status = await withRelease(env, cluster, async ({ handle, until, status: now }) => {
      cluster.before = async (activity) => {
        if (activity === 'record') phases.push((await now()).phase);
      };
      await until((seen) => seen.waiting?.for === 'approval');
      await handle.executeUpdate('pause', { args: [{ by: 'carol', reason: 'lunch' }] });
      await handle.executeUpdate('resume', { args: [{ by: 'carol' }] });
      await handle.executeUpdate('approve', { args: [{ gate: 'after-gray', by: 'bob' }] });
      await handle.result();
      return now();
    });
    expect(phases).toEqual(['committing']);
    const [record] = cluster.records;
    expect(cluster.records).toHaveLength(1);
    expect(record).toMatchObject({
      run: status.run,
      initiator: 'anna',
      phase: 'succeeded',
      text: 'Every pod runs v2.',
      fromVersion: 'v1',
      version: 'v2',
      from: { app: 'app:v1' },
      to: { app: 'app:v2' },
      batches: [
        { name: 'gray', state: 'done', pods: 1, failed: 0 },
        { name: 'batch-1', state: 'done', pods: 2, failed: 0 },
      ],
      gates: [{ id: 'after-gray', approvals: [{ by: 'bob', verified: false }] }],
      decisions: [
        { message: 'pause', by: 'carol', reason: 'lunch' },
        { message: 'resume', by: 'carol' },
      ],
      notUndone: [],
    });
    const [gate] = record?.gates ?? [];
    expect(gate?.waitedMs.bake).toBe(60_000);
    expect(Date.parse(gate?.passedAt ?? '') - Date.parse(gate?.openedAt ?? '')).toBeGreaterThanOrEqual(60_000);
    expect(Date.parse(record?.endedAt ?? '')).toBeLessThanOrEqual(Date.parse(status.endedAt ?? ''));
  });

  it('of one that was rejected: at which gate it ended, by whom and why', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((seen) => seen.waiting?.for === 'approval');
      await handle.executeUpdate('reject', { args: [{ gate: 'after-gray', by: 'bob', reason: 'errors' }] });
      await handle.result();
    });
    const [record] = cluster.records;
    expect(record).toMatchObject({
      phase: 'rolledBack',
      rollback: { by: 'bob', reason: 'errors' },
      decisions: [{ message: 'reject', by: 'bob' }],
      gates: [{ id: 'after-gray', approvals: [] }],
    });
    expect(record?.gates[0]).not.toHaveProperty('passedAt');
    expect(record).not.toHaveProperty('failure');
  });

  it('that cannot be kept does not fail the release; its log says so', async () => {
    const cluster = new SimulatedCluster(planOf([1]));
    cluster.before = (activity) => {
      if (activity === 'record') throw refused('FORBIDDEN', 'create configmaps shop: it may not');
    };
    await withRelease(env, cluster, async ({ handle, status }) => {
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
      expect((await status()).log.map(({ text }) => text).join('\n')).toContain(
        'could not be kept in the cluster: create configmaps shop: it may not',
      );
    });
  });

  it('is not made of a release that touched nothing', async () => {
    const cluster = new SimulatedCluster(planOf([1]));
    cluster.before = (activity) => {
      if (activity === 'plan') throw refused('IMAGE_NOT_FOUND', 'there is no such image');
    };
    await withRelease(env, cluster, async ({ handle }) => {
      await expect(handle.result()).rejects.toThrow('Workflow execution failed');
    });
    expect(cluster.records).toEqual([]);
  });
});
