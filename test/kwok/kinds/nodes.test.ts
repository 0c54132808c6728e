import { afterAll, beforeAll, describe, expect, inject, it, type TestContext } from 'vitest';
import { pods } from '../../../activities/kubernetes/resources.ts';
import { apply, remove } from '../../../local/apply.ts';
import { openStack } from '../../../local/open-stack.ts';
import { sampleImage } from '../../../local/sample.ts';
import { openWorld, until, type World } from '../../support/world.ts';
import { daemonSetManifests } from '../../support/worldKinds.ts';
import { type OwnNodes, ownNodes } from '../support/ownNodes.ts';
import { approval, releasesIn, versionOf } from '../support/releases.ts';
import { scalesIn } from '../support/scales.ts';

describe('whole releases of a daemonset', () => {
  const { stateDir } = inject('stack');
  let world: World;
  beforeAll(async () => {
    world = await openWorld(stateDir, {}, 'daemonset');
    await world.worker();
  });
  afterAll(() => world?.close());

  const { spec, deploy, ended, atGate, uids, callable, clean } = releasesIn(() => world);
  const approve = (name: string) => world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: 'after-gray' });
  /** Version of the pod of each node. */
  const versions = async (name: string): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries([...(await world.pods(name)).values()].map(({ node, image }) => [node, versionOf(image)]));
  /** The sample for nodes of its own, one in each of those zones. */
  const deployOn = async (test: TestContext, name: string, zones: readonly string[]): Promise<OwnNodes> => {
    const own = await ownNodes(world.kube, zones);
    const sample = { name, namespace: world.namespace, image: sampleImage('v1') };
    const { workload, others } = daemonSetManifests(sample, own.podSpec);
    const call = await openStack({ stateDir });
    test.onTestFinished(async () => {
      // In this order: nobody ends a pod whose node is gone.
      await remove(call, workload);
      await own.close();
    });
    await apply(call, [...others, workload]);
    await until(async () => (await callable(name)) === zones.length);
    return own;
  };

  it('scenario 38: gray by node label, then the others; the same pods, history, and nothing of ours', async (test) => {
    const { names } = await deployOn(test, 'five', ['a', 'b', 'c', 'a', 'b']);
    const before = await uids('five');
    const gray = { pods: 2, select: { nodes: { zone: 'b' } } };
    const strategy = { gray, batches: ['100%'], maxUnavailable: '40%' };
    await world.start(spec('five', 'v2', { gates: approval, strategy }));
    const { plan } = await atGate('five');
    expect(plan).toMatchObject({ replicas: 5, maxUnavailable: 2 });
    const atFirst = await versions('five');
    expect(names.map((node) => atFirst[node])).toEqual(['v1', 'v2', 'v1', 'v1', 'v2']);
    await approve('five');
    expect(await ended('five')).toMatchObject({ phase: 'succeeded' });
    expect(Object.values(await versions('five'))).toEqual(['v2', 'v2', 'v2', 'v2', 'v2']);
    expect(await uids('five')).toEqual(before);
    const { entries } = await world.sluice.history(world.target('five'));
    expect(entries.map(({ native }) => native?.revision)).toEqual([2, 1]);
    await clean('five', 5);
  });

  // Both wait, for most of their time, until a node is given up.
  it.concurrent('scenario 38: a node that is not ready comes last, is not waited for, and is reported', async (test) => {
    const own = await deployOn(test, 'lost', ['a', 'b', 'c']);
    const [lost = ''] = own.names;
    const before = await uids('lost');
    await own.silence(lost);
    await until(async () => (await callable('lost')) === 2);
    await world.start(spec('lost', 'v2'));
    const { phase, plan, batches } = await ended('lost');
    expect(phase).toBe('succeeded');
    const warning = plan?.warnings.find(({ code }) => code === 'NODE_LOST');
    expect(warning?.message).toContain(`1 pod of daemonset/lost is on a node that does not report (${lost})`);
    const now = [...(await world.pods('lost'))];
    const [pod, { restarts, image }] = now.find(([, { node }]) => node === lost) ?? ['', { restarts: 0, image: '' }];
    expect(batches.flatMap((batch) => batch.pods.map(({ name }) => name)).at(-1)).toBe(pod);
    expect([restarts, versionOf(image)]).toEqual([0, 'v2']);
    await clean('lost', 2);
    // Its node changes it when it is back.
    await own.wake(lost);
    await until(async () => (await world.pods('lost')).get(pod)?.restarts === 1);
    await clean('lost', 3);
    expect(Object.values(await versions('lost'))).toEqual(['v2', 'v2', 'v2']);
    expect(await uids('lost')).toEqual(before);
  });

  it.concurrent('made anew: the pod of a node that does not report is deleted, and born new when the node is back', async (test) => {
    const own = await deployOn(test, 'lost-anew', ['a', 'b', 'c']);
    const [lost = ''] = own.names;
    await own.silence(lost);
    await until(async () => (await callable('lost-anew')) === 2);
    await world.start(spec('lost-anew', 'v2', { strategy: { mode: 'Recreate', maxUnavailable: 2 } }));
    const { phase, log } = await ended('lost-anew');
    expect(phase).toBe('succeeded');
    expect(log.map(({ text }) => text).join('\n')).toContain(`Its node ${lost} does not report`);
    await own.wake(lost);
    await until(async () => {
      const now = Object.values(await versions('lost-anew'));
      return now.length === 3 && now.every((version) => version === 'v2');
    });
    await clean('lost-anew', 3);
  });

  it('the gray pod dies at its gate and a node comes: both are born old, serve, and are brought along', async (test) => {
    const own = await deployOn(test, 'dies', ['a', 'b', 'c']);
    await world.start(spec('dies', 'v2', { gates: approval }));
    await atGate('dies');
    const gray = [...(await world.pods('dies'))].find(([, { image }]) => versionOf(image) === 'v2');
    const [victim = '', { node = '' } = {}] = gray ?? [];
    await world.kube.remove(pods, { namespace: world.namespace, name: victim });
    const added = await own.add('a');
    // At a gate nobody touches anything: its birth must have put it into traffic.
    await until(async () => (await callable('dies')) === 4 && !(await world.pods('dies')).has(victim));
    expect(await versions('dies')).toMatchObject({ [node]: 'v1', [added]: 'v1' });
    await approve('dies');
    expect(await ended('dies')).toMatchObject({ phase: 'succeeded' });
    expect(Object.values(await versions('dies'))).toEqual(['v2', 'v2', 'v2', 'v2']);
    await clean('dies', 4);
  });

  it('cannot be scaled: refused at the plan, and what to do instead', async () => {
    await deploy('fixed', 2);
    const { planScale } = scalesIn(() => world);
    await expect(planScale('fixed', 3)).rejects.toMatchObject({
      code: 'WORKLOAD_UNFIT',
      message: expect.stringContaining(
        'daemonset/fixed cannot be scaled: it has a pod on each node that it is for; label or taint nodes instead.',
      ),
    });
  });

  it('a version that never gets ready stops at the gray pod, which goes back', async () => {
    await deploy('sick', 3);
    const before = await uids('sick');
    const strategy = { gray: { pods: 1 }, maxUnavailable: 1, readyTimeout: '5s' };
    await world.start(spec('sick', 'v4-notready', { strategy }));
    expect(await ended('sick')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await versions('sick')).toEqual({ 'kwok-1': 'v1', 'kwok-2': 'v1', 'kwok-3': 'v1' });
    expect(await uids('sick')).toEqual(before);
    await clean('sick', 3);
  });
});
