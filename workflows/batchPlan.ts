import type { CarriedStage, HandfulRequest, Turn } from './contract/activities/handful.ts';
import { podChecks } from './contract/checks.ts';
import { type SwapStep, swapSteps } from './contract/hotSwap/plan.ts';
import type { Images } from './contract/observation.ts';
import { countOf } from './contract/quantity.ts';
import { type BatchInput, type Stage, stages } from './contract/workflows.ts';
import type { Entry, Pump } from './pump.ts';

/**
 * The stages that a batch needs: without traffic rules there is no drain, in a rollback there are no checks, and a pod is
 * either changed or made anew. Where newborns come first, the old ones are drained by the stage in which they go.
 */
export function neededStages({
  traffic,
  checks,
  undo,
  births,
  surge,
  warmUpMs,
  only,
}: Pick<BatchInput, 'traffic' | 'checks' | 'undo' | 'births' | 'surge' | 'warmUpMs' | 'only'>): readonly Stage[] {
  if (only !== undefined) return only;
  const drains = traffic.through.length > 0;
  const verifies = !undo && podChecks(checks).length > 0;
  return stages.filter((stage) => {
    if (stage === 'drain' || stage === 'silence') return drains && surge === undefined;
    if (stage === 'restore') return drains;
    if (stage === 'warm') return warmUpMs !== undefined;
    if (stage === 'retire') return surge !== undefined;
    if (stage === 'check') return verifies;
    return stage === 'wait' || (stage === 'recreate') === (births !== undefined);
  });
}

/** The stage that takes pods out of service: its calls tell who else is. Where newborns come first, nobody is taken out. */
export function leavingStage(input: BatchInput): Stage | undefined {
  return input.undo || input.surge !== undefined || input.only !== undefined ? undefined : neededStages(input)[0];
}

/** Pods in one call: bounds the payload, and the time until a stage can be stopped. */
export const handfulSize = 500;

/** A window of quiet up to this long is a matter of one look. */
const shortQuietMs = 250;

/**
 * The stages that a call of `stage` goes on with. Never after a drain: one drain at a time sees to it that no Service
 * loses its last endpoint. Not past checks, which take their time, nor after a long silence. Back into traffic only after
 * the last turn.
 */
function carriedStages(
  stage: Stage,
  { traffic, ...input }: BatchInput,
  turn: Turn | undefined,
): readonly CarriedStage[] {
  if (stage === 'drain' || stage === 'check' || (stage === 'silence' && traffic.quietMs > shortQuietMs)) return [];
  const needed = neededStages({ traffic, ...input });
  const carried: CarriedStage[] = [];
  for (const next of needed.slice(needed.indexOf(stage) + 1)) {
    if (next !== 'patch' && next !== 'wait' && next !== 'restore') break;
    if (next === 'restore' && turn?.last === false) break;
    carried.push(next);
  }
  return carried;
}

/** How often each pod is patched and waited for. */
export const turnsOf = (input: Pick<BatchInput, 'order' | 'hotSwap' | 'undo'>): number =>
  stepsOf(input)?.length ?? input.order?.length ?? 1;

const stepsOf = ({ hotSwap, undo }: Pick<BatchInput, 'hotSwap' | 'undo'>): readonly SwapStep[] | undefined =>
  hotSwap === undefined ? undefined : swapSteps[undo ? 'back' : 'forward'];

/** Whose turn it is in a stage that changes containers; a drain rehearses all of it. */
function turnAt(stage: Stage, input: BatchInput, index = 0): Turn | undefined {
  if (stage === 'drain' || stage === 'check' || stage === 'restore') return undefined;
  const { order, hotSwap } = input;
  const steps = stepsOf(input);
  const step = steps?.[index];
  if (hotSwap !== undefined && steps !== undefined && step !== undefined) {
    return { containers: hotSwap.containers, last: index === steps.length - 1, step };
  }
  if (order === undefined) return undefined;
  return { containers: order[index] ?? [], last: index === order.length - 1 };
}

/** Why nothing further is started while a budget is used up. `unseen`: why the last look failed. */
export function budgetText(
  { maxUnavailable }: Pick<BatchInput, 'maxUnavailable'>,
  { budget, othersDown: down }: Pick<Pump, 'budget' | 'othersDown'>,
  unseen?: string,
): string {
  const looked = unseen === undefined ? '' : ` The last look at who is failed: ${unseen}`;
  const others =
    down === 0 ? '' : `, and ${countOf(down, 'other pod')} ${down === 1 ? 'is' : 'are'}: not ready, or not there`;
  if (budget === undefined || budget.out >= maxUnavailable) {
    return `At most ${maxUnavailable} of the workload may be out of service${others}.${looked}`;
  }
  const lets = budget.out === 0 ? 'no pod' : countOf(budget.out, 'pod');
  return `PodDisruptionBudget ${budget.name} lets ${lets} of the workload be out of service${others}.${looked}`;
}

/** One handful of the batch for one stage. `version`: that of the last drain, for a drain. */
export function handfulRequest(
  stage: Stage,
  input: BatchInput,
  pods: readonly Entry[],
  version?: string,
): HandfulRequest {
  const {
    target,
    uid,
    holder,
    name,
    images,
    resources,
    reload,
    hotSwap,
    traffic,
    checks,
    minReadyMs,
    readyTimeoutMs,
    undo,
    order = [],
    births,
    surge,
    warmUpMs = 0,
    warmUpWeights,
  } = input;
  const index = pods[0]?.turn ?? 0;
  const turn = turnAt(stage, input, index);
  const goOn = carriedStages(stage, input, turn);
  const due = new Set(order.slice(0, index + 1).flat());
  const upToNow = (all: Images): Images =>
    turn === undefined || hotSwap !== undefined
      ? all
      : Object.fromEntries(Object.entries(all).filter(([container]) => due.has(container)));
  return {
    target,
    uid,
    holder,
    images: upToNow(images),
    ...(resources !== undefined && { resources }),
    traffic,
    checks: podChecks(checks),
    minReadyMs,
    readyTimeoutMs,
    undo,
    batch: name,
    ...(reload !== undefined && { reload }),
    ...(hotSwap !== undefined && { hotSwap }),
    ...(births !== undefined && { births }),
    ...(surge !== undefined && { surge }),
    ...(warmUpWeights !== undefined && { warmUp: { forMs: warmUpMs, weights: warmUpWeights } }),
    ...(turn !== undefined && { turn }),
    ...(goOn.length > 0 && { goOn }),
    ...(version !== undefined && { version }),
    ...(stage === leavingStage(input) && { tellsDown: true as const }),
    pods: pods.map(({ pod, since }) => ({
      name: pod.name,
      uid: pod.uid,
      wasReady: pod.wasReady,
      since,
      ...(pod.images === undefined ? {} : { images: upToNow(pod.images) }),
      ...(pod.traffic === undefined ? {} : { traffic: pod.traffic }),
    })),
  };
}
