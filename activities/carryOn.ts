import type { CarriedStage, Handful } from '../workflows/contract/activities/handful.ts';
import { emptyHandful } from './handful.ts';

/**
 * Goes on with the pods that are done, stage after stage. A stage that throws (the activity is to end, or nothing could
 * be done) leaves its pods `later` there: what the stages before it did is then not lost, and the next call of that
 * stage says what is wrong.
 */
export async function carryOn(
  first: Handful,
  [stage, ...rest]: readonly CarriedStage[],
  run: (stage: CarriedStage, names: readonly string[]) => Promise<Handful>,
): Promise<Handful> {
  if (stage === undefined || first.done.length === 0) return first;
  const began = Date.now();
  const answer = await run(stage, first.done).catch((): Handful => ({ ...emptyHandful, later: first.done }));
  const tookMs = Date.now() - began;
  return { ...first, wentOn: { stage, tookMs, answer: await carryOn(answer, rest, run) } };
}
