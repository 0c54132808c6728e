import type { Handful, HandfulPod, HandfulRequest } from '../workflows/contract/activities/handful.ts';
import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { activity } from './call.ts';
import { withDown } from './down.ts';
import type { WorkloadPods } from './podsOf.ts';
import { type Scope, type Shared, scopeOf, workloadOf } from './scope.ts';
import { pumpedPod, rulesOf } from './stages.ts';
import { retire, sweep } from './surge.ts';

/** Making pods anew from another template. */
export function recreateActivities(shared: Shared): Pick<ClusterActivities, 'bear' | 'recreate' | 'retire' | 'sweep'> {
  return {
    bear: activity((request, call) => {
      return workloadOf(shared, request.target, call).recreation.bear(request);
    }),

    recreate: activity((asked, call) => {
      const scope = scopeOf(shared, asked, call);
      const request = { ...asked, pods: asked.pods.map((pod) => ({ ...pod, since: call.here(pod.since) })) };
      return scope.withPods(async (pods) => {
        const answer = withDown(await scope.workload.recreation.replace(request, pods), request, pods);
        return request.checks.length === 0 ? answer : keepOut(answer, request, scope, pods);
      });
    }),

    retire: activity((asked, call) => {
      const scope = scopeOf(shared, asked, call);
      const request = { ...asked, pods: asked.pods.map((pod) => ({ ...pod, since: call.here(pod.since) })) };
      return scope.withPods((pods) => retire(request, scope, pods, call));
    }),

    sweep: activity((request, call) => {
      const scope = scopeOf(shared, request, call);
      return scope.withPods((pods) => sweep(request, scope, pods, call));
    }),
  };
}

/** A newborn serves as soon as it is ready; where checks come first it is taken out, before anybody knows of it. */
async function keepOut(answer: Handful, request: HandfulRequest, scope: Scope, pods: WorkloadPods): Promise<Handful> {
  const { became = [] } = answer;
  const oldName = new Map(became.map(({ pod, name }) => [name, pod]));
  const before = new Map(request.pods.map((pod) => [pod.name, pod]));
  const refs = became.flatMap(({ pod, name, uid }): HandfulPod[] => {
    const ref = before.get(pod);
    return ref ? [{ ...ref, name, uid }] : [];
  });
  const { live } = pods.split(refs);
  const { later } = await scope.traffic(request.traffic.through, pods).drain(live.map(pumpedPod), rulesOf(request));
  const again = new Set(later.map((name) => oldName.get(name) ?? name));
  return {
    ...answer,
    done: answer.done.filter((name) => !again.has(name)),
    later: [...answer.later, ...again],
    became: became.filter(({ pod }) => !again.has(pod)),
  };
}
