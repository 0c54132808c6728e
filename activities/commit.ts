import type { CommitRequest } from '../workflows/contract/activities/hold.ts';
import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { activity } from './call.ts';
import { markOfBirths } from './kubernetes/births.ts';
import { KubernetesFailure } from './kubernetes/kubernetesFailure.ts';
import type { Pod } from './kubernetes/wire.ts';
import type { LivePod } from './ports.ts';
import { type Scope, type Shared, scopeOf } from './scope.ts';
import { otherPods } from './survey.ts';

/** The template, both ways. */
export function commitActivities(shared: Shared): Pick<ClusterActivities, 'commit' | 'uncommit'> {
  return {
    commit: activity(async (request, call) => {
      const scope = scopeOf(shared, request, call);
      await scope.workload.commit(request);
      if (markOfBirths(request) !== undefined) return;
      // Born between the last look and the new template: too young to have callers worth a drain.
      const born = await otherPods(shared, request, call);
      if (born.length > 0) await bringAlong(scope, born, request);
    }),

    uncommit: activity((request, call) => scopeOf(shared, request, call).workload.uncommit(request)),
  };
}

async function bringAlong(scope: Scope, born: readonly Pod[], { holder, to, resources }: CommitRequest): Promise<void> {
  const live = born.map((pod): LivePod => ({ name: pod.metadata.name, uid: pod.metadata.uid, pod }));
  await scope.withPods(async (pods) => {
    const wrote = (pod: Pod) => pods.wrote(pod);
    const change = { holder, batch: 'commit', images: () => to, ...(resources && { resources }), wrote };
    const { failed, later } = await scope.workload.upgrade(live, change);
    const [first] = failed;
    if (first) throw new KubernetesFailure(first.code, `${first.pod}: ${first.reason}`, { status: 422 });
    if (later.length > 0)
      throw new KubernetesFailure('CONFLICT', `pod ${later[0]} is written by others`, { status: 409 });
  });
}
