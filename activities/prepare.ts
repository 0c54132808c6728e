import type { PodsLook, Prepared } from '../workflows/contract/activities/survey.ts';
import type { ClusterActivities } from '../workflows/contract/activities.ts';
import type { Target } from '../workflows/contract/names.ts';
import { activity } from './call.ts';
import { downBesides } from './down.ts';
import { budgetRooms } from './kubernetes/budgets.ts';
import { isLeaving, isReady } from './kubernetes/podState.ts';
import { type Scope, type Shared, scopeOf } from './scope.ts';

/** The look at the pods of a batch before its first drain. */
export function prepareActivity(shared: Shared): ClusterActivities['prepare'] {
  return activity((request, call) => prepare(scopeOf(shared, request, call), request.target, request));
}

/** How the pods stand, who of them is gone, and who else of the workload is out of service. */
export function prepare(scope: Scope, { namespace }: Target, { through, pods: asked, budgets }: PodsLook) {
  return scope.withPods(async (pods): Promise<Prepared> => {
    const { live, gone } = pods.split(asked);
    const there = live.filter(({ pod }) => !isLeaving(pod));
    const looks = through.length > 0 && there.length > 0;
    const snapshots = looks ? await scope.traffic(through, pods).snapshot(there) : undefined;
    const [budget] = budgets === true ? await budgetRooms(scope.kube, namespace, pods.all()) : [];
    return {
      pods: there.map(({ name, uid, pod }) => ({
        name,
        uid,
        ready: isReady(pod),
        traffic: snapshots?.get(name) ?? [],
      })),
      gone: [...gone, ...live.filter(({ pod }) => isLeaving(pod)).map(({ name }) => name)],
      downElsewhere: downBesides(asked, pods),
      ...(budget && { budget }),
    };
  });
}
