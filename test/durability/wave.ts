import { join } from 'node:path';
import { expect } from 'vitest';
import { isOver } from '../../workflows/contract/status.ts';
import { type KillPoint, type PodFacts, until, type World } from '../support/world.ts';
import { endOf, patience } from './helpers.ts';
import { pointText, readPoints } from './points.ts';

/** What became of a release that ended as one that nobody disturbed. */
export const undisturbed = 'as undisturbed';
/** The same, but it did not come to the point: how many pods share a call, and how far that goes with them, depends on time. */
export const anotherWay = 'went another way';

/** What is done to a workload, and what must come of it. */
export interface Subject<State> {
  readonly deploy: (name: string) => Promise<void>;
  readonly start: (name: string) => Promise<void>;
  readonly stateOf: (name: string, before: ReadonlyMap<string, PodFacts>) => Promise<State>;
  readonly wanted: State;
}

/**
 * One worker carries it out for each point, and is killed when each has come to its own. Then another worker goes on.
 * Answers with what became of each: {@link undisturbed}, {@link anotherWay}, or how it differs from `wanted`.
 */
export async function killAt<State>(
  world: World,
  { deploy, start, stateOf, wanted }: Subject<State>,
  at: readonly KillPoint[],
  directory: string,
): Promise<ReadonlyMap<KillPoint, string>> {
  const file = join(directory, `wave-${(wave += 1)}`);
  const named = at.map((point, index): readonly [string, KillPoint] => [`w${wave}-${index}`, point]);
  const before = new Map<string, ReadonlyMap<string, PodFacts>>();
  await eightAtOnce(named, async ([name]) => {
    await deploy(name);
    before.set(name, await world.pods(name));
  });

  const mortal = await world.worker({ points: file, kills: Object.fromEntries(named) });
  await eightAtOnce(named, ([name]) => start(name));
  let past: ReadonlySet<string> = new Set();
  const standStill = async (): Promise<boolean> => {
    const passed = new Set((await readPoints(file)).map((point) => `${point.workload} ${pointText(point)}`));
    const ended = (await world.sluice.list({ namespace: world.namespace, limit: 1000 })).filter(({ phase }) =>
      isOver(phase),
    );
    past = new Set(ended.map(({ target }) => target.name));
    const missing = named.filter(([name, point]) => !past.has(name) && !passed.has(`${name} ${pointText(point)}`));
    if (missing.length === 0) return true;
    throw new Error(`not come to: ${missing.map(([, point]) => pointText(point)).join('; ')}`);
  };
  await until(standStill, 300_000, 500);
  await mortal.kill();

  const next = await world.worker();
  await Promise.all(named.map(([name]) => endOf(world, name)));
  const outcomes = new Map<KillPoint, string>();
  for (const [name, point] of named) {
    try {
      await expect.poll(() => stateOf(name, before.get(name) ?? new Map()), patience).toEqual(wanted);
      outcomes.set(point, past.has(name) ? anotherWay : undisturbed);
    } catch (error) {
      outcomes.set(point, String(error));
    }
  }
  await next.stop();
  return outcomes;
}

let wave = 0;

/** A server on a small machine answers so many well. */
async function eightAtOnce<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const work = async (): Promise<void> => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}
