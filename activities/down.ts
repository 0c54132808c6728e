import type { Handful, HandfulRequest } from '../workflows/contract/activities/handful.ts';
import type { PodRef } from '../workflows/contract/plan.ts';
import { isLeaving, isReady } from './kubernetes/podState.ts';
import type { Pod } from './kubernetes/wire.ts';
import type { WorkloadPods } from './podsOf.ts';

/** It takes up a place of those that may be out of service. One that is leaving has a successor, which does so until it is ready. */
export const takesPlace = (pod: Pod): boolean => !isLeaving(pod) && !isReady(pod);

/** Who of the workload is out of service besides `asked`, by name. */
export function downBesides(asked: readonly Pick<PodRef, 'uid'>[], pods: Pick<WorkloadPods, 'all'>): readonly string[] {
  const own = new Set(asked.map(({ uid }) => uid));
  const others = pods.all().filter((pod) => !own.has(pod.metadata.uid) && takesPlace(pod));
  return others.map(({ metadata }) => metadata.name);
}

/** The answer with who of the workload is out of service besides the pods of the call, where that was asked for. */
export function withDown(answer: Handful, request: HandfulRequest, pods: WorkloadPods): Handful {
  const down = request.tellsDown === true ? downBesides(request.pods, pods) : [];
  return down.length === 0 ? answer : { ...answer, down };
}
