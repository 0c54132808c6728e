import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Problem } from '../../client/sdk/problem.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { sluice } from '../client/cli/io.ts';
import { approval, releasesIn } from '../kwok/support/releases.ts';
import { openWorld, type World } from '../support/world.ts';

/** Here and not among those of kwok, which run beside each other: a release is carried on by any worker of its Temporal. */

let world: World;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
});
afterAll(() => world?.close());

const { spec, deploy, ended, atGate, versions, clean } = releasesIn(() => world);

async function said(name: string, ...argv: string[]): Promise<{ exit: number; problem: Problem }> {
  const { TEMPORAL_ADDRESS = '', TEMPORAL_NAMESPACE = '' } = world.env;
  const env = { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, SLUICE_CLUSTER: world.cluster, USER: 'anna' };
  const ran = await sluice([...argv, `deployment/${name}`, '-n', world.namespace, '-o', 'json'], { env });
  return { exit: ran.exit, problem: JSON.parse(ran.stdout) as Problem };
}

test('an approval and a rollback that are said while no worker runs are heard by the next one', async () => {
  const first = await world.worker();
  for (const name of ['approved', 'back']) {
    await deploy(name, 2);
    await world.sluice.start(validateSpec(spec(name, 'v2', { gates: approval })), { initiator: 'anna' });
    await atGate(name);
  }
  await first.kill();
  const answers = await Promise.all([
    said('approved', 'approve', '--gate', 'after-gray'),
    said('back', 'rollback', '--reason', 'customers complain'),
    // Once more does no harm.
    said('back', 'rollback'),
    said('back', 'resume'),
  ]);
  const kept = { exit: 6, problem: expect.objectContaining({ code: 'WORKER_ABSENT', kept: true }) as unknown };
  expect(answers).toEqual([
    kept,
    kept,
    kept,
    { ...kept, problem: expect.objectContaining({ kept: false }) as unknown },
  ]);
  await world.worker();
  expect(await ended('approved')).toMatchObject({ phase: 'succeeded' });
  const back = await ended('back');
  expect(back.phase).toBe('rolledBack');
  expect(back.log.filter(({ text }) => text.startsWith('Rolling back'))).toHaveLength(1);
  expect(await versions('back')).toBe('v1 v1');
  await clean('back', 2);
});
