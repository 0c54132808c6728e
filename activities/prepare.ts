import type { HeldRequest } from '../workflows/contract/activities/hold.ts';
import type { PodsLook, Prepared } from '../workflows/contract/activities/survey.ts';
import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { SluiceError } from '../workflows/contract/errors.ts';
import type { Target } from '../workflows/contract/names.ts';
import { activity } from './call.ts';
import { downElsewhere } from './down.ts';
import { budgetRooms } from './kubernetes/budgets.ts';
import { isLeaving, isReady } from './kubernetes/podState.ts';
import { type Scope, type Shared, scopeOf } from './scope.ts';

/** The look at the pods of a batch before its first drain. */
export function prepareActivity(shared: Shared): ClusterActivities['prepare'] {
  return activity(async (request, call) => {
    const scope = scopeOf(shared, request, call);
    return prepare(scope, request.target, request, await wantedOf(scope, request));
  });
}

/** How many pods its controller keeps: none where the workload is gone, or another one of that name. */
async function wantedOf({ workload }: Scope, { target, uid }: HeldRequest): Promise<number> {
  try {
    const observed = await workload.observe(target);
    return observed.uid === uid ? observed.replicas : 0;
  } catch (error) {
    if (error instanceof SluiceError && ['WORKLOAD_NOT_FOUND', 'NAMESPACE_NOT_FOUND'].includes(error.code)) return 0;
    throw error;
  }
}

/** How the pods stand, who of them is gone, and who else of the workload, which shall have `wanted`, is out of service. */
export function prepare(scope: Scope, { namespace }: Target, look: PodsLook, wanted: number) {
  const { through, pods: asked, budgets } = look;
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
      downElsewhere: downElsewhere(pods.all(), wanted, look),
      ...(budget && { budget }),
    };
  });
}
