import { expect, it } from 'vitest';
import { fingerprint } from '../../../workflows/contract/fingerprint.ts';
import { attempt, deploy, ground, handful, v1 } from './fixtures.ts';

const { world, sluice } = await ground();

it('who has the new version and is not ready is told by each look, and whenever pods are taken out of service', async () => {
  const images = { app: 'registry.test/shop:notready' };
  const app = await deploy(world, { name: 'fallen', replicas: 3 });
  const held = { target: app.target, uid: (await app.deployment()).metadata.uid, holder: 'release/fallen|run' };
  await attempt(sluice, 'acquire', { ...held, from: v1 });
  const [first, second, third] = await app.pods();
  if (first === undefined || second === undefined || third === undefined) throw new Error('three pods');
  const patch = (pod: typeof first, tells: boolean) => {
    const { target, uid, holder } = held;
    const request = handful(target, uid, holder, [pod], images);
    return attempt(sluice, 'patch', { ...request, ...(tells && { tellsDown: true as const }) });
  };
  const refs = (...some: readonly (typeof first)[]) => some.map(({ metadata: { name, uid } }) => ({ name, uid }));
  const look = async (...outdated: readonly (typeof first)[]) =>
    attempt(sluice, 'survey', {
      ...held,
      images,
      from: v1,
      spreadBy: 'zone',
      expected: fingerprint(refs(...outdated)),
      undo: false,
    });

  expect(await look(first, second, third)).toEqual({ replicas: 3 });
  expect(await patch(first, true)).not.toHaveProperty('down');
  await expect.poll(async () => (await look(second, third)).down, { timeout: 60_000 }).toEqual(refs(first));
  expect(await patch(second, true)).toMatchObject({ done: [second.metadata.name], down: [first.metadata.name] });
  expect(await patch(third, false)).not.toHaveProperty('down');
});
