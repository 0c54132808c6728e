import { describe, expect, it } from 'vitest';
import type { CommitRequest, HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { Images } from '../../../workflows/contract/observation.ts';
import { afterEachWrite, dyingAfter } from './dying.ts';
import { type App, activitiesOf, attempt, deploy, eventually, ground, handful, identities } from './fixtures.ts';

const { world, sluice } = await ground();

const version = (number: number): Images => ({ app: `registry.test/shop:v${number}` });
const limited = (name: string, limit: number): Promise<App> =>
  deploy(world, { name, replicas: 1, images: version(1), spec: { revisionHistoryLimit: limit } });

/** Pods on version `number`, held, not committed yet. */
async function upgraded(app: App, number: number): Promise<CommitRequest> {
  const held: HeldRequest = {
    target: app.target,
    uid: (await app.deployment()).metadata.uid,
    holder: `release/${app.target.name}|${number}`,
  };
  const [from, to] = [version(number - 1), version(number)];
  await attempt(sluice, 'acquire', { ...held, from });
  await bring(app, held, to);
  return { ...held, from, to, cause: `to v${number}` };
}

async function bring(app: App, held: HeldRequest, images: Images): Promise<void> {
  const request = handful(app.target, held.uid, held.holder, await app.pods(), images);
  await attempt(sluice, 'patch', request);
  await eventually(async () => (await attempt(sluice, 'wait', request)).done.length === 1);
}

async function release(app: App, number: number): Promise<void> {
  const request = await upgraded(app, number);
  await attempt(sluice, 'commit', request);
  await attempt(sluice, 'release', { ...request, keeps: request.from });
  await app.settled();
}

/** The revisions that are kept, when the controller has pruned what it prunes. */
async function kept(app: App, count: number): Promise<readonly string[]> {
  await eventually(async () => (await app.history()).length <= count);
  // What is missing now stays missing.
  await app.settled();
  return app.history();
}

const revision = (number: number): string =>
  `${number}: ${version(number)['app']}${number === 1 ? '' : ` (to v${number})`}`;

/** The newest `count` of the revisions up to `last`. */
const newest = (last: number, count: number): string[] =>
  Array.from({ length: Math.min(last, count) }, (_, index) => revision(last - index)).toReversed();

describe('revisionHistoryLimit', () => {
  it.each([0, 1, 2, 3])('%i: after each release exactly so many earlier revisions as it allows', async (limit) => {
    const app = await limited(`keeps-${limit}`, limit);
    const before = (await app.pods()).map(({ metadata }) => metadata.uid);
    for (let number = 2; number <= 6; number += 1) {
      await release(app, number);
      expect(await kept(app, limit + 1)).toEqual(newest(number, limit + 1));
    }
    expect((await app.pods()).map(({ metadata }) => metadata.uid)).toEqual(before);
  });

  it.each([0, 1, 2])('%i: a commit that is killed after any of its writes leaves the same', async (limit) => {
    await afterEachWrite(async (count) => {
      const app = await limited(`dies-${limit}-${count}`, limit);
      for (const number of [2, 3]) await release(app, number);
      const request = await upgraded(app, 4);
      const before = identities(await app.pods());
      const kube = dyingAfter(world.kube, count);
      const mortal = activitiesOf(kube);
      const giveBack = { ...request, keeps: request.from };
      await attempt(mortal, 'commit', request)
        .then(() => attempt(mortal, 'release', giveBack))
        .catch((error: unknown) => {
          if (!kube.died()) throw error;
        });
      mortal.close();
      const held = (await app.deployment()).metadata.annotations?.['sluice.dev/release'] !== undefined;
      // Long enough that the controller has seen it half done.
      const { metadata } = await app.deployment();
      await eventually(
        async () => ((await app.deployment()).status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
      );
      if (held) await attempt(sluice, 'commit', request);
      await attempt(sluice, 'release', giveBack);
      await app.settled();
      expect(await kept(app, limit + 1)).toEqual(newest(4, limit + 1));
      expect(identities(await app.pods())).toEqual(before);
      return kube.died();
    });
  });

  it('1: a commit that is undone keeps the version that it goes back to, under its number', async () => {
    const app = await limited('undone', 1);
    await release(app, 2);
    const request = await upgraded(app, 3);
    await attempt(sluice, 'commit', request);
    await attempt(sluice, 'uncommit', request);
    await bring(app, request, request.from);
    await attempt(sluice, 'release', request);
    await app.settled();
    expect((await app.history()).at(-1)).toBe(revision(2));
    await release(app, 3);
    expect(await kept(app, 2)).toEqual(newest(3, 2));
  });
});
