import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { controllerRevisions, podResize, pods } from '../../activities/kubernetes/resources.ts';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { kindsHere } from '../support/kindsHere.ts';
import { openWorld, type PodFacts, until, type World } from '../support/world.ts';
import { approval } from './support/releases.ts';

/**
 * Other resources for pods that live. The API server, which takes or refuses them, and the controllers are the real ones; kwok plays a
 * kubelet that has them at once (stage pod-resized). test/e2e/resize.test.ts has a real one.
 */

const small = { requests: { cpu: '5m', memory: '8Mi' } };
const resourcesOf = (cpu: string) => ({ requests: { cpu, memory: '8Mi' } });
const containers = (resources: object) => ({ template: { spec: { containers: [{ name: 'app', resources }] } } });
const same = ({ uid, ip, node, restarts }: PodFacts) => ({ uid, ip, node, restarts });

const kinds = kindsHere(['deployment', 'statefulset', 'daemonset', 'cloneset', 'replicaset']);

describe.each(kinds)('resources of a %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  const deploy = async (name: string, replicas: number): Promise<ReadonlyMap<string, PodFacts>> => {
    await world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas });
    return world.pods(name);
  };
  const spec = (name: string, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput => ({
    ...world.spec(name, '', { traffic: { through: [{ service: name }], quiet: '0s' } }),
    change: containers(resourcesOf('7m')),
    ...change,
  });
  const ended = (name: string) => world.until(name, ({ endedAt }) => endedAt !== undefined);
  const atGate = (name: string) => world.until(name, ({ waiting }) => waiting?.for === 'approval');
  const send = (name: string, message: 'approve' | 'rollback') =>
    world.sluice.send(world.target(name), message, { by: 'bob', gate: 'after-gray' });
  /** How many pods ask for how much, as `5m 5m 7m`. */
  const cpus = async (name: string): Promise<string> => {
    const { items } = await world.kube.list(pods, { namespace: world.namespace, labelSelector: `app=${name}` });
    const there = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return there
      .map((pod) => pod.spec.containers[0]?.resources?.requests?.['cpu'] ?? '-')
      .toSorted()
      .join(' ');
  };
  /** The same pods at the same addresses, each restarted so many times more. */
  const expectSame = async (name: string, before: ReadonlyMap<string, PodFacts>, more = 0): Promise<void> => {
    const after = await world.pods(name);
    expect(Object.fromEntries([...after].map(([pod, facts]) => [pod, same(facts)]))).toEqual(
      Object.fromEntries([...before].map(([pod, facts]) => [pod, { ...same(facts), restarts: facts.restarts + more }])),
    );
  };
  /** Nothing of the release is left, and no controller moves a pod because of it. */
  const settled = async (name: string): Promise<void> => {
    expect(await world.traces(name)).toEqual([]);
    const { items } = await world.kube.list(controllerRevisions, { namespace: world.namespace });
    expect(items.filter(({ metadata }) => metadata.name.startsWith(`${name}-sluice-`))).toEqual([]);
  };

  it('change where they are: no pod is made anew, nothing restarts; one that is born meanwhile comes along', async () => {
    const before = await deploy('more', 4);
    const count = before.size;
    const plan = await world.sluice.plan(validateSpec(spec('more')));
    expect(plan.mode).toMatchObject({ used: 'InPlace', reason: expect.stringContaining('which they get as they run') });
    await world.start(spec('more', { gates: approval }));
    await atGate('more');
    expect(await cpus('more')).toBe(`${'5m '.repeat(count - 1)}7m`);
    const [gone = ''] = [...before.keys()];
    await world.kube.remove(pods, { namespace: world.namespace, name: gone });
    await until(async () => {
      const now = await world.pods('more');
      return now.size === count && [...now.values()].every(({ ready, uid }) => ready && uid !== before.get(gone)?.uid);
    });
    await send('more', 'approve');
    expect(await ended('more')).toMatchObject({ phase: 'succeeded' });
    expect(await cpus('more')).toBe('7m '.repeat(count).trim());
    const after = await world.pods('more');
    const kept = [...before].filter(([, { uid }]) => uid !== before.get(gone)?.uid);
    for (const [name, facts] of kept) expect(same(after.get(name) ?? facts)).toEqual(same(facts));
    await settled('more');
    await expectSame('more', after);
    if (kind === 'replicaset') return;
    const { entries } = await world.sluice.history(world.target('more'));
    expect(entries.map(({ native }) => [native?.revision, native?.current])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  it('change together with an image, and go back with it', async () => {
    const before = await deploy('both', 3);
    const change = { images: { app: sampleImage('v2') }, ...containers(resourcesOf('7m')) };
    await world.start(spec('both', { change, gates: approval }));
    await atGate('both');
    await send('both', 'rollback');
    expect(await ended('both')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await cpus('both')).toBe('5m '.repeat(before.size).trim());
    expect(new Set([...(await world.pods('both')).values()].map(({ image }) => image))).toEqual(
      new Set([sampleImage('v1')]),
    );
    expect([...(await world.pods('both')).values()].map(({ uid }) => uid).toSorted()).toEqual(
      [...before.values()].map(({ uid }) => uid).toSorted(),
    );
    await settled('both');

    await world.start(spec('both', { change }));
    await until(async () => {
      const { phase, fromVersion } = await ended('both');
      return phase === 'succeeded' && fromVersion === 'v1';
    });
    expect(await cpus('both')).toBe('7m '.repeat(before.size).trim());
    await settled('both');
  });

  if (kind !== 'deployment') return;

  it('two hundred pods, and the way back from the middle of a batch', async () => {
    const before = await deploy('many', 200);
    // Whatever stands in the way of it is told.
    const strategy = { mode: 'InPlaceOnly' as const, gray: { pods: 5 }, batches: { count: 4 }, maxUnavailable: '25%' };
    // Few at once, so that the middle of a batch lasts.
    await world.start(spec('many', { strategy: { ...strategy, maxUnavailable: 5 } }));
    await world.until('many', ({ batches }) => batches[2]?.state === 'running');
    await send('many', 'rollback');
    expect(await ended('many')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await cpus('many')).toBe('5m '.repeat(200).trim());
    await expectSame('many', before);
    await world.start(spec('many', { strategy }));
    await until(async () => (await ended('many')).phase === 'succeeded');
    await expectSame('many', before);
    expect(await cpus('many')).toBe('7m '.repeat(200).trim());
    await settled('many');
  });

  it('scenario 32: the class of service would change: InPlaceIfPossible says Recreate and why, InPlaceOnly touches nothing', async () => {
    const before = await deploy('qos', 2);
    const guaranteed = { ...small, limits: small.requests };
    const limits = spec('qos', { change: containers(guaranteed) });
    expect((await world.sluice.plan(validateSpec(limits))).mode).toMatchObject({
      used: 'Recreate',
      reason: expect.stringContaining('limits.cpu is new'),
    });
    // Limits that all are there: only the class of service stands in the way.
    await world.deploy({
      name: 'qos-2',
      image: sampleImage('v1'),
      runtime: 'kwok',
      replicas: 2,
      resources: { requests: { cpu: '5m', memory: '8Mi' }, limits: { cpu: '10m', memory: '8Mi' } },
    });
    const raised = { requests: { cpu: '10m', memory: '8Mi' }, limits: { cpu: '10m', memory: '8Mi' } };
    const asked = spec('qos-2', { change: containers(raised) });
    expect((await world.sluice.plan(validateSpec(asked))).mode).toMatchObject({
      used: 'Recreate',
      reason: expect.stringMatching(/QoS/i),
    });
    const only = { ...asked, strategy: { mode: 'InPlaceOnly' as const } };
    const refusal = await world.sluice.plan(validateSpec(only)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'NOT_IN_PLACE', message: expect.stringMatching(/QoS/i) });
    await expectSame('qos', before);
    expect(await world.traces('qos-2')).toEqual([]);
  });

  it('a pod that somebody else has resized is not taken for one of the template', async () => {
    const [name = ''] = (await deploy('other', 2)).keys();
    const at = { namespace: world.namespace, name };
    const body = { spec: { containers: [{ name: 'app', resources: resourcesOf('6m') }] } };
    await world.kube.patch(podResize, at, body, { as: 'strategic' });
    const plan = await world.sluice.plan(validateSpec(spec('other')));
    expect(plan.mode).toMatchObject({ used: 'Recreate', reason: expect.stringContaining(`pod ${name} has other`) });
  });
});
