import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { versionOf } from '../kwok/support/releases.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, until, type World } from '../support/world.ts';

/** A newer version, and an operator, in mid-release on a real kubelet, under load. */
describe('in mid-release', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  const kubectl = (...args: string[]): string =>
    execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
      env: { ...process.env, ...world.env },
      encoding: 'utf8',
    });
  const spec = (name: string, tag: SampleTag, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput =>
    world.spec(name, sampleImage(tag, world.env['SLUICE_REGISTRY']), {
      strategy: { gray: { pods: 1 }, batches: ['100%'], maxUnavailable: 1, readyTimeout: '120s' },
      gates: { afterGray: { bake: '0s', approval: {} }, afterBatch: { bake: '0s' } },
      traffic: { through: [{ service: name }], quiet: '250ms', maxDrain: '20s' },
      checks: [{ http: { path: '/' } }],
      ...change,
    });
  const approve = async (name: string): Promise<void> => {
    const { waiting, run } = await world.until(name, (status) => status.waiting?.for === 'approval');
    await world.sluice.send(world.target(name), 'approve', { by: 'anna', gate: waiting?.gate ?? '', run });
  };
  const ended = (name: string, run: string) =>
    world.until(name, (status) => status.run === run && status.endedAt !== undefined, 240_000);

  it('a newer version in the middle of a batch under load: the same pods, v1 and v3 in the native history, 0 failed requests', async () => {
    const name = 'newer';
    const image = sampleImage('v1', world.env['SLUICE_REGISTRY']);
    await world.deploy({ name, image, runtime: 'containerd', replicas: 4 });
    const before = await world.pods(name);
    const { kube, namespace } = world;
    const callers = await startLoad({ kube, namespace, service: name, rate: 100, keepAlive: false });
    await world.start(spec(name, 'v2'));
    await approve(name);
    await world.until(name, (status) => status.batches[1]?.state === 'running');
    const { begun } = await world.sluice.supersede(validateSpec(spec(name, 'v3')), { initiator: 'bob' });
    const { run } = await begun(AbortSignal.timeout(120_000));
    await approve(name);
    const end = await ended(name, run);
    const result = await callers.stop();
    expect(end).toMatchObject({ phase: 'succeeded', notUndone: [], supersedes: { version: 'v2' } });
    expect(result.failed).toEqual([]);
    expect(result.versions['v3']).toBeGreaterThan(0);
    const after = await world.pods(name);
    expect([...after.values()].map(({ uid }) => uid).toSorted()).toEqual(
      [...before.values()].map(({ uid }) => uid).toSorted(),
    );
    // Once or twice, as v2 had come to it or not; and never a third time.
    const times = [...after.values()].map(({ restarts }) => restarts);
    expect(times.every((count) => count === 1 || count === 2)).toBe(true);
    expect(kubectl('rollout', 'status', `deployment/${name}`, '--timeout=20s')).toContain('successfully rolled out');
    const history = kubectl('rollout', 'history', `deployment/${name}`);
    expect(history).toMatch(/^1 [\s\S]*^2 +sluice: .*v3/m);
    expect(history).not.toContain('v2 by');
    expect(await world.traces(name)).toEqual([]);
  });

  it('an operator takes it in hand in the middle of a batch and takes pods aside by hand; taken back, nobody is upgraded twice, 0 failed requests', async () => {
    const name = 'lent';
    const image = sampleImage('v1', world.env['SLUICE_REGISTRY']);
    await world.deploy({ name, image, runtime: 'containerd', replicas: 3 });
    const { kube, namespace } = world;
    const callers = await startLoad({ kube, namespace, service: name, rate: 100, keepAlive: false });
    await world.start(spec(name, 'v2'));
    await approve(name);
    await world.until(name, ({ batches }) => batches[1]?.pods.some(({ state }) => state !== 'queued') === true);
    await world.sluice.send(world.target(name), 'handOver', { by: 'anna', reason: 'the disks' });
    await world.until(name, ({ phase, operator }) => phase === 'manual' && operator?.since !== undefined);
    const lent = await world.pods(name);
    const of = (version: string) =>
      [...lent].flatMap(([pod, facts]) => (versionOf(facts.image) === version ? pod : []));
    const [first = '', ...stay] = of('v2');
    expect([stay.length > 0, await world.traces(name)]).toEqual([true, []]);
    const aside = [first, ...of('v1').slice(0, 1)];
    // As people take pods aside to look into them: others are born in their places, and nobody is sent to them any more.
    kubectl('label', 'pod', ...aside, 'app=aside', '--overwrite');
    await until(async () => {
      const now = await world.pods(name);
      return now.size === 3 && [...now].every(([pod, { ready }]) => ready && !aside.includes(pod));
    });
    await world.sluice.send(world.target(name), 'takeBack', { by: 'bob' });
    const end = await world.until(name, ({ endedAt }) => endedAt !== undefined, 240_000);
    const { failed, versions } = await callers.stop();
    expect(end).toMatchObject({ phase: 'succeeded', notUndone: [] });
    expect(failed).toEqual([]);
    expect(versions['v2']).toBeGreaterThan(0);
    const after = await world.pods(name);
    expect(stay.map((pod) => after.get(pod)?.uid)).toEqual(stay.map((pod) => lent.get(pod)?.uid));
    expect([...after.values()].map(({ image: has, restarts }) => `${versionOf(has)} ${restarts}`)).toEqual(
      Array(3).fill('v2 1'),
    );
    expect(kubectl('rollout', 'status', `deployment/${name}`, '--timeout=20s')).toContain('successfully rolled out');
    expect(await world.traces(name)).toEqual([]);
  });
});
