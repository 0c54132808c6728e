import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { validateDrain } from '../../../workflows/contract/drain/validate.schema.ts';
import { kindsHere } from '../../support/kindsHere.ts';
import { openWorld, type World } from '../../support/world.ts';
import { podKeys } from '../support/podKeys.ts';
import { releasesIn } from '../support/releases.ts';

describe.each(kindsHere(['deployment', 'statefulset', 'daemonset', 'replicaset', 'cloneset']))('a %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  const { deploy, ended, atGate, clean, callable } = releasesIn(() => world);

  it('keeps a pod out of its Service until somebody says so; it is the same pod, and nothing of ours is left', async () => {
    await deploy('shop', 3);
    const before = await world.pods('shop');
    const [name = ''] = before.keys();
    const { namespace, cluster } = world;
    const spec = validateDrain({
      metadata: { namespace },
      target: { cluster, workload: `${kind}/shop` },
      drain: { pods: [name] },
      traffic: { through: [{ service: 'shop' }], quiet: '0s' },
    });
    await world.sluice.drain(spec, { initiator: 'test' });
    const standing = await atGate('shop');
    expect(standing).toMatchObject({ drain: true, waiting: { gate: 'out-of-traffic' } });
    expect(await callable('shop')).toBe(2);
    await world.sluice.send(world.target('shop'), 'approve', { by: 'bob', gate: 'out-of-traffic' });
    expect(await ended('shop')).toMatchObject({ phase: 'succeeded', text: `Back in traffic: ${name}.` });
    expect(await world.pods('shop')).toEqual(before);
    expect(await podKeys(world, 'shop')).toEqual([]);
    await clean('shop', 3);
  });
});
