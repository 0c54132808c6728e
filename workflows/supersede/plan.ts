import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { releaseId } from '../contract/names.ts';
import type { Images } from '../contract/observation.ts';
import type { Plan } from '../contract/plan.ts';
import { goesBackFirst, type RunningRelease } from '../contract/planner/supersede.ts';
import { stop } from '../failure.ts';
import { isTouched, type ReleaseState } from '../state.ts';

/** How long it may take: whoever asked waits for the answer, and the end of the release does too. */
const planTimeout = '2m';

/**
 * The plan of a release by `spec` that goes on from where this one is now. Touches nothing.
 * @throws whatever would stop a release; REFUSED where it cannot go on from here
 */
export async function planSuccessor(book: Book, spec: unknown): Promise<Plan> {
  const { target, id, holder } = book.identity;
  const plan = await clusterActivities(target.cluster).waiting.plan.executeWithOptions(
    { summary: 'look and plan the version that takes its place', scheduleToCloseTimeout: planTimeout },
    [{ spec, supersedes: runningRelease(book.state, holder) }],
  );
  if (releaseId(plan.target) !== id) {
    throw stop('SPEC_INVALID', `The spec is for ${releaseId(plan.target)}, and the release that runs is ${id}.`);
  }
  if (plan.uid === book.state.plan?.uid) return plan;
  throw stop('WORKLOAD_CHANGED', 'The workload was deleted and made anew in mid-release.');
}

function runningRelease(state: ReleaseState, holder: string): RunningRelease {
  const { plan, steps } = state;
  if (plan === undefined) throw stop('INTERNAL', 'There is no plan of the release that runs.');
  const origins = originsOf(state);
  return {
    holder,
    change: plan.change,
    ...(goesBackFirst(plan) && { goesBack: true as const }),
    ...(steps.length > 0 && { through: plan.traffic.through }),
    ...(Object.keys(origins).length > 0 && { origins }),
  };
}

/** Images that pods had before this release and those before it, where they were not the template's. Pure. */
export function originsOf({ batches, origins }: ReleaseState): Readonly<Record<string, Images>> {
  const own = batches
    .flatMap(({ pods }) => pods)
    .flatMap((pod): [string, Images][] => (pod.from !== undefined && isTouched(pod) ? [[pod.uid, pod.from]] : []));
  return { ...Object.fromEntries(own), ...origins };
}
