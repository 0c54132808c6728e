import type { Handful, HandfulRequest } from '../workflows/contract/activities/handful.ts';
import type { PodsLook, Prepared } from '../workflows/contract/activities/survey.ts';
import { marks } from '../workflows/contract/names.ts';
import type { PodRef } from '../workflows/contract/plan.ts';
import { isLeaving, isReady } from './kubernetes/podState.ts';
import type { Pod } from './kubernetes/wire.ts';
import type { WorkloadPods } from './podsOf.ts';

/** It takes up a place of those that may be out of service. One that is leaving is not there, see {@link downElsewhere}. */
export const takesPlace = (pod: Pod): boolean => !isLeaving(pod) && !isReady(pod);

/** Who of `all` stays and is neither of `asked` nor born in the place of one of them. */
function othersThan(asked: readonly Pick<PodRef, 'uid'>[], all: readonly Pod[]): readonly Pod[] {
  const own = new Set(asked.map(({ uid }) => uid));
  const isOwn = ({ metadata: { uid, annotations } }: Pod): boolean =>
    own.has(uid) || own.has(annotations?.[marks.replaces] ?? '');
  return all.filter((pod) => !isLeaving(pod) && !isOwn(pod));
}

const namesOf = (pods: readonly Pod[]): readonly string[] => pods.map(({ metadata }) => metadata.name);

/**
 * See Prepared. In place of one that is leaving its successor counts; where there is none yet (a name that is still taken, a full
 * quota) the workload has one less than it wants. In mid-batch a pod of the batch that is not there is being made anew: it is
 * in hand, and counted there.
 * @param all all pods of the workload, in any state
 * @param wanted how many pods its controller keeps
 */
export function downElsewhere(
  all: readonly Pod[],
  wanted: number,
  { pods, atRest }: Pick<PodsLook, 'pods' | 'atRest'>,
): Prepared['downElsewhere'] {
  const others = othersThan(pods, all);
  const living = all.filter((pod) => !isLeaving(pod)).length;
  const missing = wanted - (atRest === true ? living : others.length + pods.length);
  return [...namesOf(others.filter(takesPlace)), ...Array<null>(Math.max(0, missing)).fill(null)];
}

/** The answer with who of the workload is out of service besides the pods of the call, where that was asked for. */
export function withDown(answer: Handful, request: HandfulRequest, pods: Pick<WorkloadPods, 'all'>): Handful {
  if (request.tellsDown !== true) return answer;
  const down = namesOf(othersThan(request.pods, pods.all()).filter(takesPlace));
  return down.length === 0 ? answer : { ...answer, down };
}
