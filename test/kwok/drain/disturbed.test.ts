import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { deployments, pods } from '../../../activities/kubernetes/resources.ts';
import { sampleImage } from '../../../local/sample.ts';
import type { DrainSpecInput } from '../../../workflows/contract/drain/spec.schema.ts';
import { validateDrain } from '../../../workflows/contract/drain/validate.schema.ts';
import { releaseId } from '../../../workflows/contract/names.ts';
import { openWorld, until, type WorkerProcess, type World } from '../../support/world.ts';
import { podKeys } from '../support/podKeys.ts';
import { releasesIn } from '../support/releases.ts';

/** A drain, and what may happen while pods are out: for hours, as people do other things. */

let world: World;
let worker: WorkerProcess;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  worker = await world.worker();
});
afterAll(() => world?.close());

const { deploy, ended, atGate, clean, callable, spec } = releasesIn(() => world);

async function drain(name: string, out: readonly string[], change: Partial<DrainSpecInput> = {}): Promise<void> {
  const { namespace, cluster } = world;
  const given = validateDrain({
    metadata: { namespace },
    target: { cluster, workload: `deployment/${name}` },
    drain: { pods: [...out] },
    traffic: { through: [{ service: name }], quiet: '0s' },
    ...change,
  });
  await world.sluice.drain(given, { initiator: 'test' });
}
const restore = (name: string) =>
  world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: 'out-of-traffic' });
const remove = (name: string) => world.kube.remove(pods, { namespace: world.namespace, name });
const restart = async (): Promise<void> => {
  await worker.kill();
  worker = await world.worker();
};

it('a worker killed in the middle of the drain, while pods are out, and on the way back: nobody is left out', async () => {
  await deploy('killed', 4);
  const before = await world.pods('killed');
  const [a = '', b = ''] = before.keys();
  await drain('killed', [a, b], { traffic: { through: [{ service: 'killed' }], quiet: '4s' } });
  await world.until('killed', ({ batches }) => batches[0]?.pods.some(({ state }) => state === 'silence') ?? false);
  await restart();
  await atGate('killed');
  expect(await callable('killed')).toBe(2);
  await restart();
  expect(await callable('killed')).toBe(2);
  await restore('killed');
  await worker.kill();
  worker = await world.worker();
  expect(await ended('killed')).toMatchObject({ phase: 'succeeded' });
  expect(await world.pods('killed')).toEqual(before);
  expect(await podKeys(world, 'killed')).toEqual([]);
  await clean('killed', 4);
});

it('a pod that dies while it is out is told, not waited for; its successor is in traffic', async () => {
  await deploy('dies', 3);
  const [a = '', b = ''] = (await world.pods('dies')).keys();
  await drain('dies', [a, b]);
  await atGate('dies');
  await remove(a);
  await until(async () => (await callable('dies')) === 2);
  await restore('dies');
  expect(await ended('dies')).toMatchObject({
    phase: 'succeeded',
    text: `Back in traffic: ${b}. 1 pod died meanwhile.`,
  });
  await clean('dies', 3);
});

it('`for`: back by itself', async () => {
  await deploy('alone', 2);
  const [a = ''] = (await world.pods('alone')).keys();
  await drain('alone', [a], { drain: { pods: [a], for: '3s' } });
  await world.until('alone', ({ waiting }) => waiting?.for === 'bake');
  expect(await callable('alone')).toBe(1);
  expect(await ended('alone')).toMatchObject({ phase: 'succeeded' });
  await clean('alone', 2);
});

it('a change of the template while pods are out is rolled out when they are back: it is none of its business', async () => {
  await deploy('changed', 2);
  const [a = ''] = (await world.pods('changed')).keys();
  await drain('changed', [a]);
  await atGate('changed');
  const body = { spec: { template: { spec: { containers: [{ name: 'app', image: sampleImage('v2') }] } } } };
  const at = { namespace: world.namespace, name: 'changed' };
  await world.kube.patch(deployments, at, body, { as: 'strategic' });
  await restore('changed');
  expect(await ended('changed')).toMatchObject({ phase: 'succeeded' });
  await until(async () =>
    [...(await world.pods('changed')).values()].every(({ image }) => image === sampleImage('v2')),
  );
  await clean('changed', 2);
});

it('one whose workflow was terminated leaves a pod out: a restore of nobody puts it back', async () => {
  await deploy('left', 3);
  const before = await world.pods('left');
  const [a = '', b = ''] = before.keys();
  await drain('left', [a]);
  await atGate('left');
  await world.client.workflow.getHandle(releaseId(world.target('left'))).terminate('by hand');
  expect(await callable('left')).toBe(2);
  const plan = drain('left', [a]).then(() => ended('left'));
  await expect(plan).resolves.toMatchObject({ phase: 'failed', failure: { code: 'OUT_ALREADY' } });
  await drain('left', []);
  await world.until('left', ({ phase }) => phase === 'succeeded');
  expect(await world.pods('left')).toEqual(before);
  expect(await podKeys(world, 'left')).toEqual([]);
  await clean('left', 3);
  // And again, of another pod: the hold is free.
  await drain('left', [b]);
  await atGate('left');
  await restore('left');
  await world.until('left', ({ phase }) => phase === 'succeeded');
  await clean('left', 3);
});

it('a release is refused while pods are out, and goes on as ever afterwards', async () => {
  await deploy('busy', 2);
  const [a = ''] = (await world.pods('busy')).keys();
  await drain('busy', [a]);
  await atGate('busy');
  await expect(world.start(spec('busy', 'v2'))).rejects.toMatchObject({ code: 'RELEASE_EXISTS' });
  await expect(drain('busy', [a])).rejects.toMatchObject({ code: 'RELEASE_EXISTS' });
  await restore('busy');
  expect(await ended('busy')).toMatchObject({ phase: 'succeeded' });
  await world.start(spec('busy', 'v2', { gates: { afterGray: { bake: '0s', approval: false } } }));
  await world.until('busy', ({ phase, version }) => phase === 'succeeded' && version.startsWith('v2'));
  await clean('busy', 2);
});
