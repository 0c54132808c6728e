import { blueGreenGates, type PlannedBlueGreen } from '../contract/blueGreen/plan.ts';
import type { PlanHead, PlannedShape } from '../contract/plan.ts';
import type { PlanChange } from '../contract/planChange.ts';
import { gateTexts } from '../gateTexts.ts';
import type { BatchState, Changed, ReleaseState } from '../state.ts';

/** Another time to go back after the switch, and other approvals of its end, until the switch is made. Pure. */
export function changeBlueGreen(
  state: ReleaseState,
  plan: PlanHead,
  pair: PlannedBlueGreen,
  change: PlanChange & { readonly gate: PlannedShape['gate'] },
): Changed {
  const { batches, steps, maxUnavailable, failureThreshold, bakeMs, gate } = change;
  if ([batches, steps, maxUnavailable, failureThreshold].some((field) => field !== undefined)) {
    return {
      code: 'REFUSED',
      text: 'Blue/green has no batches and no steps: all new pods come beside the old at once. The gate after the switch can be changed: gates.afterBatch.bake says how long the old version stays, gates.afterBatch.approval who ends that.',
    };
  }
  if (state.steps.includes('switch')) {
    return {
      code: 'REFUSED',
      text: 'Callers are switched, and the time in which the old version stays has begun: `approve` ends it, `pause` keeps the old version until `resume`, `rollback` goes back to it.',
    };
  }
  const follows = (batch: BatchState): BatchState =>
    batch.gate.id === blueGreenGates.blue
      ? { ...batch, gate: { ...gate, id: batch.gate.id, bakeMs: bakeMs ?? batch.gate.bakeMs, early: true } }
      : batch;
  const keepOldMs = bakeMs ?? pair.keepOldMs;
  const changed = {
    ...state,
    plan: { ...plan, blueGreen: { ...pair, keepOldMs }, shape: { ...plan.shape, gate } },
    batches: state.batches.map(follows),
  };
  return { state: changed, text: `Plan changed: ${gateTexts(change, gate, 'the switch').join('; ')}.` };
}

export const noSkip: Changed = {
  code: 'REFUSED',
  text: 'Blue/green has nothing to skip: all new pods come at once. `approve` opens the gate before the switch, and after it ends the time in which the old version stays.',
};
