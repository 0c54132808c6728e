import { changeBlueGreen, noSkip } from './blueGreen/change.ts';
import { changeCanary, skipToStep } from './canary/change.ts';
import type { ErrorCode } from './contract/errors.ts';
import type { PlannedGate, PlannedShape } from './contract/plan.ts';
import type { PlanChange } from './contract/planChange.ts';
import { unavailable } from './contract/planner/batching.ts';
import { replan } from './contract/planner/replan.ts';
import { countOf } from './contract/quantity.ts';
import { gateTexts } from './gateTexts.ts';
import { type BatchState, begunOf, type Changed, numberOf, type ReleaseState, waitingBatch } from './state.ts';

/**
 * Changes sizes and gates from here on. What has begun stays as it is, but for the gate after it, if that is not open.
 * @param by who says it: where approvers are named, they alone may loosen what they guard
 */
export function changePlan(state: ReleaseState, by: string, change: PlanChange): Changed {
  const { plan } = state;
  const refusal = refusalOf(state, by);
  if (plan === undefined || refusal !== undefined) return refusal ?? tooEarly;
  const { batches, maxUnavailable, failureThreshold, steps } = change;
  const gate = gateOf(plan.shape.gate, change);
  const { required = 0, from: approvers = [] } = gate.approval ?? {};
  if (approvers.length > 0 && new Set(approvers).size < required) {
    return {
      code: 'MESSAGE_INVALID',
      text: `${required} approvals by ${approvers.join(', ')} can never be: name more approvers.`,
    };
  }
  if (plan.canary !== undefined) return changeCanary(state, plan, plan.canary, { ...change, gate });
  if (plan.blueGreen !== undefined) return changeBlueGreen(state, plan, plan.blueGreen, { ...change, gate });
  if (steps !== undefined) {
    return { code: 'REFUSED', text: 'Only a canary has steps; strategy.batches divides what is left.' };
  }
  const next = nextOf(state);
  if (batches !== undefined && next === undefined) return nothingAhead;
  // Other sizes are of whichever pods come next: nothing is selected any more.
  const { selected, ...before } = plan.shape;
  const sized: PlannedShape = {
    ...before,
    ...(batches === undefined && selected && { selected }),
    gate,
    ...(maxUnavailable !== undefined && { maxUnavailable }),
    ...(failureThreshold !== undefined && { failureThreshold }),
    ...(batches !== undefined && { batches, base: begunOf(state.batches.slice(0, next)) }),
  };
  const changed = withShape(state, sized);
  const touched = [
    ...(batches === undefined && failureThreshold === undefined ? [] : [sizesText(changed)]),
    ...(maxUnavailable === undefined
      ? []
      : [`at most ${countOf(changed.plan?.maxUnavailable ?? 1, 'pod')} out of service at once in the next batch`]),
    ...gateTexts(change, gate, 'each batch'),
  ];
  return { state: changed, text: `Plan changed: ${touched.join('; ')}.` };
}

/** Brings the batches up to `name` in one go: the gates between them are left out, that of `name` stays. */
export function skipTo(state: ReleaseState, by: string, name: string): Changed {
  const { plan } = state;
  const refusal = refusalOf(state, by);
  if (plan === undefined || refusal !== undefined) return refusal ?? tooEarly;
  if (plan.canary !== undefined) return skipToStep(state, plan, plan.canary, name);
  if (plan.blueGreen !== undefined) return noSkip;
  const next = nextOf(state);
  if (next === undefined) return nothingAhead;
  // The gray group is small so that little can go wrong: it is never part of a larger batch.
  const first = state.batches[next]?.name === 'gray' ? next + 1 : next;
  const ahead = state.batches.slice(first);
  const at = ahead.findIndex((batch) => batch.name === name);
  if (at < 1) {
    const there = ahead.slice(1).map((batch) => batch.name);
    const may = there.length === 0 ? 'no batch is left to skip to' : `it can be skipped to ${there.join(', ')}`;
    return { code: 'REFUSED', text: `${name} is not a batch that lies behind the next one: ${may}.` };
  }
  const sizes = ahead.map(({ pods }) => pods.length);
  const merged = sizes.slice(0, at + 1).reduce((sum, size) => sum + size, 0);
  const { pods } = begunOf(state.batches.slice(0, first));
  const { selected: _, ...before } = plan.shape;
  const shape: PlannedShape = {
    ...before,
    batches: [merged, ...sizes.slice(at + 1)],
    base: { batches: numberOf(name) - 1, pods },
  };
  const changed = withShape(state, shape);
  return { state: changed, text: `Skipping to ${name}: ${sizesText(changed)}.` };
}

const tooEarly: Changed = { code: 'REFUSED', text: 'There is no plan yet; say it again when it is made.' };
const nothingAhead: Changed = { code: 'REFUSED', text: 'Every batch has begun: there is nothing left to divide.' };

function refusalOf(
  { rollback, phase, plan }: ReleaseState,
  by: string,
): Extract<Changed, { code: ErrorCode }> | undefined {
  if (rollback !== undefined || phase === 'rollingBack') return { code: 'REFUSED', text: 'It is rolling back.' };
  if (phase === 'committing') return { code: 'REFUSED', text: 'All pods are upgraded; no batch and no gate is left.' };
  if (plan?.drain !== undefined) {
    return { code: 'REFUSED', text: 'A drain has no batches ahead; `sluice restore` puts its pods back.' };
  }
  const from = plan?.shape.gate.approval?.from ?? [];
  if (from.length === 0 || from.includes(by)) return undefined;
  return {
    code: 'NOT_ALLOWED',
    text: `${by} may not change the batches ahead; their approvers are ${from.join(', ')}.`,
  };
}

/** Index of the first batch that has not begun. */
function nextOf({ batches, index }: ReleaseState): number | undefined {
  const next = batches.findIndex((batch, at) => at >= index && batch.state === 'waiting');
  return next < 0 ? undefined : next;
}

function gateOf(gate: PlannedShape['gate'], { bakeMs = gate.bakeMs, approval }: PlanChange): PlannedShape['gate'] {
  if (approval === false) return { bakeMs };
  if (approval === undefined) return { ...gate, bakeMs };
  return { bakeMs, approval: { required: 1, from: [], onExpiry: 'hold', ...gate.approval, ...approval } };
}

/** The state with that shape: batches that have not begun are divided anew, gates that have not opened follow it. */
function withShape(state: ReleaseState, shape: PlannedShape): ReleaseState {
  const { plan, batches, index, gate } = state;
  if (plan === undefined) return state;
  const next = nextOf(state) ?? batches.length;
  const follows = (batch: BatchState, at: number): BatchState =>
    at < index || batch.name === 'gray' || batch.gate.id === gate?.id
      ? batch
      : { ...batch, gate: { id: batch.gate.id, ...shape.gate } satisfies PlannedGate };
  const ahead = batches.slice(next);
  const outdated = ahead.flatMap(({ pods }) => pods);
  const anew = replan({ shape, ahead, begun: begunOf(batches.slice(0, next)) }, outdated).map(waitingBatch);
  return {
    ...state,
    plan: { ...plan, shape, maxUnavailable: unavailable(shape, plan.replicas) },
    batches: [...batches.slice(0, next).map(follows), ...anew],
  };
}

function sizesText(state: ReleaseState): string {
  const ahead = state.batches.slice(nextOf(state) ?? state.batches.length);
  return ahead.map(({ name, pods }) => `${name} ${countOf(pods.length, 'pod')}`).join(', ');
}
