import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { statefulSets } from '../../../activities/kubernetes/resources.ts';
import { kindsHere } from '../../support/kindsHere.ts';
import { openWorld, type World } from '../../support/world.ts';
import { releasesIn } from '../support/releases.ts';
import { scalesIn } from '../support/scales.ts';

const approval = { afterBatch: { bake: '0s', approval: {} } };

describe.each(kindsHere(['deployment', 'statefulset', 'replicaset', 'cloneset']))('a %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  const { deploy, ended, atGate, clean } = releasesIn(() => world);
  const { scale, planScale, names, marks } = scalesIn(() => world);
  const drains = (name: string) => ({ through: [{ service: name }], quiet: '0s' });

  it('goes down through a Service: exactly the pods of the plan; nothing of ours is left', async () => {
    await deploy('down', 7);
    const all = await names('down');
    const how = { strategy: { batches: [2, 2] }, traffic: drains('down') };
    const plan = await planScale('down', 3, how);
    const going = plan.batches.flatMap((batch) => batch.pods.map(({ name }) => name));
    expect(kind !== 'statefulset' || going.join(' ') === 'down-6 down-5 down-4 down-3').toBe(true);
    await scale('down', 3, how);
    expect(await ended('down')).toMatchObject({ phase: 'succeeded', text: 'Scaled from 7 to 3 pods.' });
    expect(await names('down')).toEqual(all.filter((name) => !going.includes(name)));
    expect(await marks('down')).toEqual([]);
    await clean('down', 3);
  });

  it('goes down without a drain: exactly the pods of the plan', async () => {
    await deploy('plain', 9);
    const all = await names('plain');
    const how = { strategy: { batches: [1, 2, 3], order: { first: 'Oldest' as const } } };
    const plan = await planScale('plain', 3, how);
    const going = new Set(plan.batches.flatMap((batch) => batch.pods.map(({ name }) => name)));
    await scale('plain', 3, how);
    expect(await ended('plain')).toMatchObject({ phase: 'succeeded' });
    expect(await names('plain')).toEqual(all.filter((name) => !going.has(name)));
    expect(await marks('plain')).toEqual([]);
  });

  it('goes up in batches with a gate, and back from there', async () => {
    await deploy('up', 3);
    const all = await names('up');
    await scale('up', 7, { strategy: { batches: [2, 2] }, gates: approval, traffic: drains('up') });
    const gate = await atGate('up');
    expect((await names('up')).length).toBe(5);
    const came = gate.batches[0]?.pods
      .map(({ name }) => name)
      .toSorted()
      .join(' ');
    expect(kind !== 'statefulset' || came === 'up-3 up-4').toBe(true);
    await world.sluice.send(world.target('up'), 'rollback', { by: 'bob' });
    expect(await ended('up')).toMatchObject({ phase: 'rolledBack' });
    expect(await names('up')).toEqual(all);
    await clean('up', 3);
  });

  it('is released after a scale, in the manner of the release before it', async () => {
    await deploy('both', 3);
    await scale('both', 4);
    expect(await ended('both')).toMatchObject({ phase: 'succeeded' });
    await expect(world.sluice.last(world.target('both'))).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' });
    const { entries } = await world.sluice.history(world.target('both'));
    expect(entries.flatMap(({ record }) => record?.scale ?? [])).toEqual([{ from: 3, to: 4 }]);
  });

  it.runIf(kind === 'statefulset')(
    'keeps its update strategy, and refuses other pods than the highest ordinals',
    async () => {
      await deploy('kept', 3);
      const at = { namespace: world.namespace, name: 'kept' };
      const before = (await world.kube.get(statefulSets, at)).spec.updateStrategy;
      const select = { names: ['kept-0'] };
      await expect(planScale('kept', 2, { strategy: { select } })).rejects.toMatchObject({
        code: 'SPEC_INVALID',
        message: expect.stringContaining('kept-2 too: of statefulset/kept the highest ordinals go first'),
      });
      await scale('kept', 2);
      expect(await ended('kept')).toMatchObject({ phase: 'succeeded' });
      expect((await world.kube.get(statefulSets, at)).spec.updateStrategy).toEqual(before);
      expect(await names('kept')).toEqual(['kept-0', 'kept-1']);
    },
  );
});
