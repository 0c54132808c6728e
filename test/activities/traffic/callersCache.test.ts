import { expect, it } from 'vitest';
import { emptyHandful, handfulOf } from '../../../activities/handful.ts';
import type { PumpedPod } from '../../../activities/ports.ts';
import { outlastCaches } from '../../../activities/traffic/callersCache.ts';
import type { Part } from '../../../activities/traffic/index.ts';

/** A way whose callers go on for so long. */
const cachedFor = (callersCacheMs: number): Part => ({ traffic: { callersCacheMs } as Part['traffic'], places: [0] });
/** A pod that was taken out so long ago. */
const outFor = (name: string, ms: number): PumpedPod => ({
  name,
  uid: name,
  pod: { metadata: { name, uid: name } } as PumpedPod['pod'],
  since: new Date(Date.now() - ms).toISOString(),
});

it('looks once more at whoever has outlasted its callers, and seldom before: no registry is asked every second for a minute', async () => {
  const startMs = Date.now();
  const pods = [outFor('soon', 79_600), outFor('later', 70_000)];
  const { signal } = new AbortController();
  const seen = { ...emptyHandful, done: ['soon', 'later'] };
  const looks: (readonly string[])[] = [];
  const answer = await outlastCaches([cachedFor(80_000)], seen, pods, signal, async (all) => {
    looks.push(all.map(({ name }) => name));
    expect(Date.now()).toBeGreaterThanOrEqual(startMs + 400);
    return handfulOf(all.map(({ name }) => [name, 'done']));
  });
  expect(looks).toEqual([['soon', 'later']]);
  expect(answer).toMatchObject({ done: ['soon'], later: ['later'], waits: [{ pod: 'later' }] });
});

it('lets nobody through who came back at the last look', async () => {
  const { signal } = new AbortController();
  const seen = { ...emptyHandful, done: ['back'] };
  const answer = await outlastCaches([cachedFor(80_000)], seen, [outFor('back', 79_900)], signal, async () =>
    handfulOf([['back', 'again']]),
  );
  expect(answer).toMatchObject({ done: [], later: ['back'], again: ['back'] });
});
