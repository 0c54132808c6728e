import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isReady } from '../../activities/kubernetes/podState.ts';
import { budgets, deployments, pods as podResource } from '../../activities/kubernetes/resources.ts';
import { sampleImage } from '../../local/sample.ts';
import { holderOf, marks, releaseId } from '../../workflows/contract/names.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { watching } from '../support/watching.ts';
import { openWorld, until, type World } from '../support/world.ts';
import { approval, releasesIn } from './support/releases.ts';

/** Behaviours by their number in the list of scenarios, whole: real Temporal, API server, controllers and worker. */

let world: World;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  await world.worker();
});
afterAll(() => world?.close());

const { spec, deploy, ended, atGate, versions, uids, callable, clean } = releasesIn(() => world);

describe('abort', () => {
  it('scenario 1: with the gray pod changed, that pod goes back and into traffic; the others were never touched', async () => {
    await deploy('one', 4);
    const before = await world.pods('one');
    await world.start(spec('one', 'v2', { gates: approval }));
    await world.until('one', ({ waiting }) => waiting?.for === 'approval');
    expect(await versions('one')).toBe('v1 v1 v1 v2');
    await world.sluice.send(world.target('one'), 'rollback', { by: 'bob', reason: 'not today' });
    expect(await ended('one')).toMatchObject({ phase: 'rolledBack' });
    expect(await versions('one')).toBe('v1 v1 v1 v1');
    const after = await world.pods('one');
    const changes = [...after].map(([name, { restarts }]) => restarts - (before.get(name)?.restarts ?? 0));
    expect(changes.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 2]);
    await clean('one', 4);
  });

  it('scenario 5: with all pods crash-looping and no gate in the way, it wins', async () => {
    await deploy('five', 5);
    const before = await uids('five');
    await world.start(
      spec('five', 'v3-crash', {
        strategy: { gray: { pods: '100%' }, maxUnavailable: '100%', failureThreshold: '100%', readyTimeout: '10m' },
        gates: { afterGray: { bake: '10m', approval: false } },
        onFailure: 'Hold',
      }),
    );
    await until(async () => (await versions('five')).startsWith('v1 v3 v3 v3'));
    await world.sluice.send(world.target('five'), 'rollback', { by: 'bob', reason: 'it crashes' });
    expect(await ended('five')).toMatchObject({ phase: 'rolledBack' });
    expect(await versions('five')).toBe('v1 v1 v1 v1 v1');
    expect(await uids('five')).toEqual(before);
    await clean('five', 5);
  });
});

describe('a bad version', () => {
  it('scenario 8: v1 → good v2 → v4 that never gets ready: fails at its deadline, v2 keeps serving', async () => {
    await deploy('eight', 4);
    await world.start(spec('eight', 'v2'));
    expect(await ended('eight')).toMatchObject({ phase: 'succeeded' });
    await world.start(
      spec('eight', 'v4-notready', { strategy: { gray: { pods: 1 }, maxUnavailable: 2, readyTimeout: '5s' } }),
    );
    await world.until('eight', ({ version, phase }) => version === 'v4-notready' && phase === 'batch');
    let fewest = 4;
    await until(async () => {
      fewest = Math.min(fewest, await callable('eight'));
      return (await world.sluice.status(world.target('eight'))).endedAt !== undefined;
    });
    expect(await ended('eight')).toMatchObject({
      phase: 'rolledBack',
      failure: { text: expect.stringContaining('not ready after 5 s') },
    });
    expect(fewest).toBeGreaterThanOrEqual(3);
    expect(await versions('eight')).toBe('v2 v2 v2 v2');
    await clean('eight', 4);
  });
});

describe('several containers', () => {
  it('scenario 30: two in order, the first fails to start: the second is untouched, and the record shows one batch', async () => {
    await world.deploy({
      name: 'thirty',
      image: sampleImage('v1'),
      proxy: sampleImage('v1'),
      runtime: 'kwok',
      replicas: 4,
    });
    const before = await world.pods('thirty');
    const images = { app: sampleImage('v2'), proxy: sampleImage('v3-crash') };
    await world.start(spec('thirty', 'v2', { change: { images, order: ['proxy', 'app'] } }));
    expect(await ended('thirty')).toMatchObject({
      phase: 'rolledBack',
      failure: { text: expect.stringMatching(/proxy: (CrashLoopBackOff|it exited)/) },
    });
    const after = await world.pods('thirty');
    for (const [name, { containers, uid, ready }] of after) {
      expect({ uid, ready }).toEqual({ uid: before.get(name)?.uid, ready: true });
      expect(containers['app']).toEqual(before.get(name)?.containers['app']);
      expect(containers['proxy']?.image).toBe(sampleImage('v1'));
    }
    expect([...after.values()].filter(({ containers }) => (containers['proxy']?.restarts ?? 0) > 0)).toHaveLength(1);
    const { entries } = await world.sluice.history(world.target('thirty'));
    const { batches = [] } = entries.find(({ record }) => record?.phase === 'rolledBack')?.record ?? {};
    expect(batches.filter(({ state }) => state !== 'waiting').map(({ name }) => name)).toEqual(['gray']);
    await clean('thirty', 4);
  });
});

describe('shares', () => {
  it('scenario 15: 20 % steps of 5 pods are five pods one by one; of 3 pods they still end right', async () => {
    const strategy = { gray: { pods: '20%' }, batches: ['20%', '20%', '20%', '20%'], maxUnavailable: 1 };
    for (const [name, pods] of [
      ['fifteen', 5],
      ['three', 3],
    ] as const) {
      await deploy(name, pods);
      await world.start(spec(name, 'v2', { strategy }));
      const { batches, phase } = await ended(name);
      expect(phase).toBe('succeeded');
      expect(batches.map((batch) => batch.pods.length)).toEqual(Array(pods).fill(1));
      expect(await versions(name)).toBe(Array(pods).fill('v2').join(' '));
    }
  });
});

describe('in mid-release', () => {
  it('scenarios 12, 20: other sizes from here on, then two batches in one; nobody is changed twice, and back it goes in batches, the last first', async () => {
    await deploy('twelve', 12);
    const before = await world.pods('twelve');
    const strategy = { gray: { pods: 1 }, batches: { count: 4 }, maxUnavailable: 2, rollback: 'InBatches' as const };
    const target = world.target('twelve');
    const send = world.sluice.send.bind(world.sluice);
    const gateOf = async (gate: string) => world.until('twelve', ({ waiting }) => waiting?.gate === gate);
    const open = async (gate: string) => {
      await gateOf(gate);
      await send(target, 'approve', { by: 'bob', gate });
    };
    const restarts = async () =>
      [...(await world.pods('twelve'))]
        .map(([name, pod]) => pod.restarts - (before.get(name)?.restarts ?? 0))
        .toSorted((a, b) => a - b);
    await world.start(spec('twelve', 'v2', { strategy, gates: { ...approval, afterBatch: approval.afterGray } }));
    await gateOf('after-gray');
    await send(target, 'changePlan', { by: 'anna', strategy: { batches: [2, 2, 4, 3], maxUnavailable: 4 } });
    await open('after-gray');
    await gateOf('after-batch-1');
    expect(await versions('twelve')).toBe(`${'v1 '.repeat(9)}v2 v2 v2`);
    await send(target, 'skipTo', { by: 'anna', batch: 'batch-3' });
    await open('after-batch-1');
    const { batches } = await gateOf('after-batch-3');
    const sizes = batches.map(({ name, pods }) => `${name} ${pods.length}`);
    expect(sizes).toEqual(['gray 1', 'batch-1 2', 'batch-3 6', 'batch-4 3']);
    expect(await restarts()).toEqual([0, 0, 0, ...Array<number>(9).fill(1)]);
    const stop = watching(async () => [await world.pods('twelve'), await callable('twelve')] as const);
    await send(target, 'rollback', { by: 'bob', reason: 'not today' });
    expect(await ended('twelve')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    const seen = await stop();
    const [gray = [], first = [], third = []] = batches.map(({ pods }) => pods.map(({ name }) => name));
    for (const [now] of seen) {
      const begun = (names: readonly string[]) => names.some((name) => now.get(name)?.image === sampleImage('v1'));
      const through = (names: readonly string[]) =>
        names.every((name) => now.get(name)?.image === sampleImage('v1') && now.get(name)?.ready);
      expect(begun(first) && !through(third)).toBe(false);
      expect(begun(gray) && !through(first)).toBe(false);
    }
    expect(Math.min(...seen.map(([, called]) => called))).toBeGreaterThanOrEqual(8);
    expect(await versions('twelve')).toBe('v1 '.repeat(12).trim());
    expect(await restarts()).toEqual([0, 0, 0, ...Array<number>(9).fill(2)]);
    await clean('twelve', 12);
  });
});

describe('traces', () => {
  /** `<batch>`: how many pods the release `run` changed last, in it. */
  const byBatch = async (name: string, holder: string): Promise<Record<string, number>> => {
    const { items } = await world.kube.list(podResource, {
      namespace: world.namespace,
      labelSelector: `app=${name}`,
    });
    const counts: Record<string, number> = {};
    for (const { metadata } of items) {
      const batch = metadata.annotations?.[marks.release] === holder ? metadata.labels?.[marks.podBatch] : undefined;
      counts[batch ?? 'none'] = (counts[batch ?? 'none'] ?? 0) + 1;
    }
    return counts;
  };

  it('scenario 24: each pod says by which release and in which batch it was changed, also after scaling and a rollback', async () => {
    await deploy('traced', 4);
    const strategy = { gray: { pods: 1 }, batches: [{ pods: 1 }, '100%'], maxUnavailable: 4 };
    await world.start(spec('traced', 'v2', { strategy, gates: approval }));
    const { waiting, run } = await world.until('traced', (status) => status.waiting?.for === 'approval');
    const holder = holderOf(releaseId(world.target('traced')), run);
    expect(await byBatch('traced', holder)).toEqual({ gray: 1, none: 3 });
    const at = { namespace: world.namespace, name: 'traced' };
    await world.kube.patch(deployments, at, { spec: { replicas: 6 } }, { as: 'merge' });
    await until(async () => (await callable('traced')) === 6);
    await world.sluice.send(world.target('traced'), 'approve', { by: 'bob', gate: waiting?.gate ?? '' });
    expect(await ended('traced')).toMatchObject({ phase: 'succeeded' });
    expect(await byBatch('traced', holder)).toEqual({ gray: 1, 'batch-1': 1, 'batch-2': 4 });
    await world.start(spec('traced', 'v3', { strategy, gates: approval }));
    const next = await atGate('traced');
    await world.kube.patch(deployments, at, { spec: { replicas: 7 } }, { as: 'merge' });
    await until(async () => (await callable('traced')) === 7);
    await world.sluice.send(world.target('traced'), 'rollback', { by: 'bob', reason: 'not today' });
    expect(await ended('traced')).toMatchObject({ phase: 'rolledBack' });
    // One went to v3 and came back; five have not changed since, and one was born meanwhile.
    const undone = holderOf(releaseId(world.target('traced')), next.run);
    expect(await byBatch('traced', undone)).toEqual({ undo: 1, none: 6 });
    expect(await versions('traced')).toBe(Array(7).fill('v2').join(' '));
    await clean('traced', 7);
  });
});

describe('before and during', () => {
  it('scenario 25: paused before its start, it touches no pod and no object until it is resumed', async () => {
    await deploy('pause', 3);
    const at = { namespace: world.namespace, name: 'pause' };
    const before = (await world.kube.get(deployments, at)).metadata.generation;
    await world.sluice.start(validateSpec(spec('pause', 'v2')), { initiator: 'anna', paused: true });
    const paused = await world.until('pause', ({ plan }) => plan !== undefined);
    expect(paused).toMatchObject({ paused: { by: 'anna' }, waiting: { for: 'resume' } });
    expect(await versions('pause')).toBe('v1 v1 v1');
    expect(await world.traces('pause')).toEqual([]);
    expect((await world.kube.get(deployments, at)).metadata.generation).toBe(before);
    await world.sluice.send(world.target('pause'), 'resume', { by: 'bob' });
    expect(await ended('pause')).toMatchObject({ phase: 'succeeded' });
    expect(await versions('pause')).toBe('v2 v2 v2');
  });

  it('scenario 48: scaled up in mid-release, as an autoscaler does, the new pods serve and come along', async () => {
    await deploy('grows', 3);
    await world.start(spec('grows', 'v2', { gates: approval }));
    const { waiting } = await world.until('grows', (status) => status.waiting?.for === 'approval');
    const at = { namespace: world.namespace, name: 'grows' };
    await world.kube.patch(deployments, at, { spec: { replicas: 6 } }, { as: 'merge' });
    // Callers reach them at once, although nobody has released them yet.
    await until(async () => (await callable('grows')) === 6);
    expect(await versions('grows')).toBe('v1 v1 v1 v1 v1 v2');
    await world.sluice.send(world.target('grows'), 'approve', { by: 'bob', gate: waiting?.gate ?? '' });
    expect(await ended('grows')).toMatchObject({ phase: 'succeeded', progress: { total: 6, done: 6 } });
    expect(await versions('grows')).toBe('v2 v2 v2 v2 v2 v2');
    await clean('grows', 6);
  });
});

describe('disruption budget', () => {
  const budget = (name: string, minAvailable: number) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: world.namespace },
    spec: { minAvailable, selector: { matchLabels: { app: name } } },
  });
  const allow = (name: string, minAvailable: number) =>
    world.kube.patch(budgets, { namespace: world.namespace, name }, { spec: { minAvailable } }, { as: 'merge' });

  /** The most pods that were not ready at once, until `ends`. */
  async function mostDown(name: string, ends: Promise<unknown>): Promise<number> {
    const where = { namespace: world.namespace, labelSelector: `app=${name}` };
    const { items, resourceVersion } = await world.kube.list(podResource, where);
    const ready = new Map(items.map((pod) => [pod.metadata.name, isReady(pod)]));
    const stop = new AbortController();
    const over = ends.finally(() => stop.abort());
    const seen = [0];
    const watched = async (): Promise<void> => {
      for await (const event of world.kube.with(stop.signal).watch(podResource, where, resourceVersion)) {
        if (event.type === 'BOOKMARK') continue;
        ready.set(event.object.metadata.name, isReady(event.object));
        seen.push([...ready.values()].filter((is) => !is).length);
      }
    };
    await Promise.all([
      over,
      watched().catch((error: unknown) => stop.signal.aborted || Promise.reject(error as Error)),
    ]);
    return Math.max(...seen);
  }

  it('scenario 45: while it allows nothing the release waits and says so; then no more go than it allows', async () => {
    await deploy('budget', 4);
    await world.kube.create(budgets, budget('budget', 4), { namespace: world.namespace });
    const before = await world.pods('budget');
    await world.start(spec('budget', 'v2'));
    const { waiting, plan } = await world.until('budget', (status) => status.waiting?.for === 'budget');
    expect(waiting?.text).toBe('PodDisruptionBudget budget lets no pod of the workload be out of service.');
    expect(plan?.warnings.map(({ code }) => code)).toContain('DISRUPTION_BUDGET');
    expect([...(await world.pods('budget')).values()].map(({ restarts }) => restarts)).toEqual(
      [...before.values()].map(({ restarts }) => restarts),
    );
    await allow('budget', 3);
    const end = ended('budget');
    expect(await mostDown('budget', end)).toBe(1);
    expect(await end).toMatchObject({ phase: 'succeeded' });
    expect(await versions('budget')).toBe('v2 v2 v2 v2');
    await clean('budget', 4);
  });

  it('scenario 45: a rollback waits for no budget, and takes one pod at a time', async () => {
    await deploy('backwards', 4);
    await world.kube.create(budgets, budget('backwards', 2), { namespace: world.namespace });
    await world.start(
      spec('backwards', 'v2', {
        gates: { ...approval, afterBatch: { bake: '0s', approval: {} } },
        strategy: { batches: { count: 1 }, maxUnavailable: 3 },
      }),
    );
    const { waiting } = await world.until('backwards', (status) => status.waiting?.for === 'approval');
    await world.sluice.send(world.target('backwards'), 'approve', { by: 'bob', gate: waiting?.gate ?? '' });
    await world.until('backwards', (status) => status.waiting?.gate === 'after-batch-1');
    await allow('backwards', 4);
    const end = ended('backwards');
    await world.sluice.send(world.target('backwards'), 'rollback', { by: 'bob', reason: 'not today' });
    expect(await mostDown('backwards', end)).toBe(1);
    expect(await end).toMatchObject({ phase: 'rolledBack' });
    expect(await versions('backwards')).toBe('v1 v1 v1 v1');
    await clean('backwards', 4);
  });
});
