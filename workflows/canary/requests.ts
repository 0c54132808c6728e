import type { Guarded } from '../blueGreen/gate.ts';
import { pointAt } from '../blueGreen/requests.ts';
import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { ShiftRequest } from '../contract/canary/activities.ts';
import { type CanaryStep, canaryStep, type PlannedCanary, splitText } from '../contract/canary/plan.ts';
import type { PlanHead } from '../contract/plan.ts';
import { heldRequest } from '../requests.ts';

const noSplit = { weight: 0 } as const;
const wholly: CanaryStep = { pods: '100%' };

/** Sends callers to the new pods as step `index` says; without a route by letting the Services call both. */
export async function splitCallers(
  book: Book,
  plan: PlanHead,
  { route, services, steps }: PlannedCanary,
  index: number,
  how: Pick<ShiftRequest, 'first' | 'force'> = {},
): Promise<void> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  if (route === undefined) {
    await pointAt(book, plan, 'both', services, 'let the Services call old and new pods', { ...how, keep: true });
    return;
  }
  const { pods, split = noSplit } = steps[index] ?? wholly;
  const time = { timeoutMs: plan.readyTimeoutMs, since: book.now };
  await writing.shift.executeWithOptions({ summary: `${splitText(split)} of callers to the new version` }, [
    { ...heldRequest(book, plan), ...time, route, split, share: pods, ...how },
  ]);
  book.log(`${canaryStep(index)}: ${splitText(split)} of callers by ${route.kind} ${route.name}.`);
}

/** The route as it was, if there is one: the Service that it points to serves all. */
export async function unshift(book: Book, plan: PlanHead, { route }: PlannedCanary): Promise<void> {
  if (route === undefined) return;
  const { writing } = clusterActivities(book.identity.target.cluster);
  const time = { timeoutMs: plan.readyTimeoutMs, since: book.now };
  const { note } = await writing.unshift.executeWithOptions({ summary: 'the route as it was before' }, [
    { ...heldRequest(book, plan), ...time, route },
  ]);
  if (note !== undefined) book.log(note);
}

/** The Service of the new version goes. */
export async function endCanary(book: Book, plan: PlanHead, { route }: PlannedCanary): Promise<void> {
  if (route === undefined) return;
  const { writing } = clusterActivities(book.identity.target.cluster);
  await writing.endCanary.executeWithOptions({ summary: 'take the Service of the new version away' }, [
    { ...heldRequest(book, plan), route },
  ]);
}

/** What must stay as it is at the gate of step `index`. */
export function guardedAt({ route, services, steps }: PlannedCanary, index: number): Guarded {
  const { pods, split = noSplit } = steps[index] ?? wholly;
  const by = route === undefined ? ({ side: 'both' } as const) : ({ side: 'blue', routed: { route, split } } as const);
  return { services, previews: [], share: pods, ...by };
}

/** After people decided to take over: Services and route again as the release needs them. */
export async function splitAgain(book: Book, plan: PlanHead, canary: PlannedCanary): Promise<void> {
  const { steps, index, batches } = book.state;
  const force = { force: true } as const;
  const summary = 'undo what somebody else did to the Services';
  const { services, route } = canary;
  if (!steps.includes('green')) return;
  const isSplit = steps.includes('split') && !steps.includes('switch');
  if (!isSplit || route !== undefined) {
    await pointAt(book, plan, steps.includes('switch') ? 'green' : 'blue', services, summary, force);
  }
  // A step whose pods are still on the way has the callers of the one before.
  const upTo = batches[index]?.state === 'done' ? index : index - 1;
  const done = canary.steps.findLastIndex(({ skipped }, at) => at <= upTo && skipped !== true);
  if (isSplit) await splitCallers(book, plan, canary, Math.max(0, done), force);
}
