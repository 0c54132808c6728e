import { greenOf } from '../contract/blueGreen/share.ts';
import { type CanaryStep, canaryStep, type PlannedCanary, splitText } from '../contract/canary/plan.ts';
import { stepBatches } from '../contract/canary/planner.ts';
import { canarySteps, stepOf } from '../contract/canary/steps.ts';
import type { PlanHead, PlannedShape } from '../contract/plan.ts';
import type { PlanChange } from '../contract/planChange.ts';
import { countOf } from '../contract/quantity.ts';
import { gateTexts } from '../gateTexts.ts';
import { type BatchState, type Changed, type ReleaseState, waitingBatch } from '../state.ts';

type Gate = PlannedShape['gate'];

/** Other steps and gates from here on: what has begun stays, with the gate that is open. Pure. */
export function changeCanary(
  state: ReleaseState,
  plan: PlanHead,
  canary: PlannedCanary,
  change: PlanChange & { readonly gate: Gate },
): Changed {
  const { steps: asked, batches, maxUnavailable, failureThreshold, gate } = change;
  if ([batches, maxUnavailable, failureThreshold].some((field) => field !== undefined)) {
    return {
      code: 'REFUSED',
      text: 'A canary has steps in the place of batches, and takes no pod out of service: strategy.canary.steps says what comes next.',
    };
  }
  const next = nextStep(state, canary);
  if (asked !== undefined && next === undefined) return nothingAhead;
  const taken = canary.steps.slice(0, next);
  const steps =
    asked === undefined
      ? canary.steps
      : [...taken, ...canarySteps({ ...canary, steps: asked }, plan.replicas, lastOf(taken))];
  const fault = asked && faultIn(asked, taken, canary.route, plan.replicas);
  if (fault !== undefined) return { code: 'MESSAGE_INVALID', text: fault };
  const changed = withSteps(state, plan, { ...canary, steps }, gate);
  const texts = [
    ...(asked === undefined ? [] : [stepsText(changed, steps, taken.length)]),
    ...gateTexts(change, gate, 'each step'),
  ];
  return { state: changed, text: `Plan changed: ${texts.join('; ')}.` };
}

/** Leaves the steps before `name` out, with their gates: its pods and callers come at once. Pure. */
export function skipToStep(state: ReleaseState, plan: PlanHead, canary: PlannedCanary, name: string): Changed {
  const begins = nextStep(state, canary);
  if (begins === undefined) return nothingAhead;
  // The first one is small so that little can go wrong: it is never left out.
  const next = Math.max(1, begins);
  const at = canary.steps.findIndex((_, index) => index > next && canaryStep(index) === name);
  if (at < 0) {
    const there = canary.steps.flatMap((_, index) => (index > next ? [canaryStep(index)] : []));
    const may = there.length === 0 ? 'no step is left to skip to' : `it can be skipped to ${there.join(', ')}`;
    return { code: 'REFUSED', text: `${name} is not a step that lies behind the next one: ${may}.` };
  }
  const steps = canary.steps.map((step, index) =>
    index >= next && index < at ? { ...step, skipped: true as const } : step,
  );
  const changed = withSteps(state, plan, { ...canary, steps }, plan.shape.gate);
  return { state: changed, text: `Skipping to ${name}: ${stepsText(changed, steps, at)}.` };
}

const nothingAhead: Changed = { code: 'REFUSED', text: 'Every step has begun: there is nothing left to change.' };

/** Index of the first step that has not begun. */
function nextStep({ batches, index }: ReleaseState, { steps }: PlannedCanary): number | undefined {
  const next = batches.findIndex(({ state }, at) => at >= index && at < steps.length && state === 'waiting');
  return next < 0 ? undefined : next;
}

const lastOf = (taken: readonly CanaryStep[]): CanaryStep | undefined =>
  taken.findLast(({ skipped }) => skipped !== true);

/** What is wrong with the steps that are asked for, as in a spec: nobody is taken back from the new version but by a rollback. */
function faultIn(
  asked: NonNullable<PlanChange['steps']>,
  taken: readonly CanaryStep[],
  route: PlannedCanary['route'],
  replicas: number,
): string | undefined {
  const { pods, split } = lastOf(taken) ?? { pods: 1 };
  let [there, weight] = [greenOf(replicas, pods), split?.weight ?? 0];
  for (const [index, one] of asked.entries()) {
    const wrong = (may: string): string =>
      `strategy.canary.steps[${index}]: found ${JSON.stringify(one)}; allowed: ${may}.`;
    const step = stepOf(one, route !== undefined);
    if (route === undefined && step.pods === undefined) return wrong('a number of pods, as this canary has no route');
    if (route === undefined && step.weight !== undefined) return wrong('no weight, as this canary has no route');
    const count = step.pods === undefined ? there : greenOf(replicas, step.pods);
    if (count < there) return wrong(`no fewer pods than in the step before, where there are ${there}`);
    if (step.weight !== undefined && step.weight < weight) {
      return wrong(`no smaller weight than in the step before, where it is ${weight}`);
    }
    [there, weight] = [count, step.weight ?? weight];
  }
  return undefined;
}

/** The state with these steps: batches of those that have not begun are made anew, gates that have not opened follow `gate`. */
function withSteps(state: ReleaseState, plan: PlanHead, canary: PlannedCanary, gate: Gate): ReleaseState {
  const { batches, index, gate: open } = state;
  const next = nextStep(state, plan.canary ?? canary) ?? canary.steps.length;
  const follows = (batch: BatchState, at: number): BatchState =>
    at < index || at === 0 || batch.gate.id === open?.id ? batch : { ...batch, gate: { id: batch.gate.id, ...gate } };
  const anew = stepBatches(canary, plan.replicas, (at) => (at === 0 ? (batches[0]?.gate ?? gate) : gate))
    .slice(next)
    .map(
      (batch, at): BatchState => ({
        ...waitingBatch(batch),
        ...(canary.steps[next + at]?.skipped && { state: 'done' }),
      }),
    );
  const old = batches.slice((plan.canary ?? canary).steps.length);
  return {
    ...state,
    plan: { ...plan, canary, shape: { ...plan.shape, gate } },
    batches: [...batches.slice(0, next), ...anew, ...old].map(follows),
  };
}

function stepsText({ plan }: ReleaseState, steps: readonly CanaryStep[], from: number): string {
  return steps
    .slice(from)
    .map(({ pods, split }, at) => {
      const there = countOf(greenOf(plan?.replicas ?? 1, pods), 'pod');
      return `${canaryStep(from + at)} ${there}${split === undefined ? '' : `, ${splitText(split)} of callers`}`;
    })
    .join('; ');
}
