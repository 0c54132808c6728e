import type { Handful, HandfulRequest } from '../workflows/contract/activities/handful.ts';
import { isDown, isLeaving } from './kubernetes/podState.ts';
import type { WorkloadPods } from './podsOf.ts';

/** The answer with who of the workload is out of service besides the pods of the call, where that was asked for. */
export function withDown(answer: Handful, request: HandfulRequest, pods: WorkloadPods): Handful {
  if (request.tellsDown !== true) return answer;
  const own = new Set(request.pods.map(({ uid }) => uid));
  const others = pods.all().filter((pod) => !own.has(pod.metadata.uid) && isDown(pod) && !isLeaving(pod));
  return others.length === 0 ? answer : { ...answer, down: others.map(({ metadata }) => metadata.name) };
}
