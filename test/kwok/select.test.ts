import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { deployments } from '../../activities/kubernetes/resources.ts';
import { openWorld, until, type World } from '../support/world.ts';
import { approval, releasesIn } from './support/releases.ts';

/** Batches that choose their pods by the zone of their nodes: the three nodes of the fleet are in zones a, b and c. */
describe('batches that choose their pods', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  const { spec, deploy, atGate, ended, versions, clean } = releasesIn(() => world);
  /** Nodes of the pods of each batch that are there, in the order of the release. */
  const nodesIn = (status: Awaited<ReturnType<typeof ended>>) =>
    status.batches.map(({ name, pods }) => [name, [...new Set(pods.map(({ node }) => node))].join(' ')]);

  it('zone after zone; scaled at a gate, the new pods come with the last batch; one that selects nothing is refused', async () => {
    await deploy('zones', 6);
    const zone = (name: string) => ({ select: { nodes: { zone: name } } });
    const strategy = (batches: ReturnType<typeof zone>[]) => ({
      strategy: {
        gray: { pods: 1, select: { ...zone('a').select, first: 'Oldest' as const } },
        batches,
        maxUnavailable: 3,
      },
      gates: approval,
    });
    await world.start(spec('zones', 'v2', strategy([zone('b'), zone('nowhere')])));
    expect(await ended('zones')).toMatchObject({
      phase: 'failed',
      failure: { code: 'SPEC_INVALID', text: expect.stringContaining('zone is a, b, c') },
    });
    expect(await versions('zones')).toBe('v1 v1 v1 v1 v1 v1');

    await world.start(spec('zones', 'v2', strategy([zone('b'), zone('c'), zone('a')])));
    const { waiting, batches } = await atGate('zones');
    expect(batches.map(({ name }) => name)).toEqual(['gray', 'batch-1', 'batch-2', 'batch-3']);
    const at = { namespace: world.namespace, name: 'zones' };
    await world.kube.patch(deployments, at, { spec: { replicas: 8 } }, { as: 'merge' });
    await until(async () => [...(await world.pods('zones')).values()].filter(({ ready }) => ready).length === 8);
    await world.sluice.send(world.target('zones'), 'approve', { by: 'anna', gate: waiting?.gate ?? '' });
    const end = await ended('zones');
    expect(end).toMatchObject({ phase: 'succeeded' });
    expect(nodesIn(end).slice(0, 3)).toEqual([
      ['gray', 'kwok-1'],
      ['batch-1', 'kwok-2'],
      ['batch-2', 'kwok-3'],
    ]);
    // One of zone a was left after gray, and two were born.
    expect(end.batches.map(({ pods }) => pods.length)).toEqual([1, 2, 2, 3]);
    expect(await versions('zones')).toBe('v2 v2 v2 v2 v2 v2 v2 v2');
    await clean('zones', 8);
  });
});
