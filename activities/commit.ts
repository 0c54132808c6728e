import type { ClusterActivities, HeldRequest } from '../workflows/contract/activities.ts';
import type { Images } from '../workflows/contract/observation.ts';
import { activity, type Call } from './call.ts';
import { KubernetesFailure } from './kubernetes/kubernetesFailure.ts';
import { hasImages, isLeaving } from './kubernetes/podState.ts';
import { pods as podResource } from './kubernetes/resources.ts';
import type { Pod } from './kubernetes/wire.ts';
import type { LivePod } from './ports.ts';
import { type Scope, type Shared, scopeOf } from './scope.ts';

/** The template, both ways, and the pods that do not follow it. */
export function commitActivities(shared: Shared): Pick<ClusterActivities, 'stragglers' | 'commit' | 'uncommit'> {
  return {
    stragglers: activity(async (request, call) => {
      const except = new Set(request.except);
      const found = await otherPods(shared, request, request.images, call);
      return { pods: found.filter(({ name }) => !except.has(name)).map(({ name, uid }) => ({ name, uid })) };
    }),

    commit: activity(async (request, call) => {
      const scope = scopeOf(shared, request, call);
      await scope.workload.commit(request);
      // Born between the last look and the new template: too young to have callers worth a drain.
      const born = await otherPods(shared, request, request.to, call);
      if (born.length > 0) await bringAlong(scope, born, request.holder, request.to);
    }),

    uncommit: activity((request, call) => scopeOf(shared, request, call).workload.uncommit(request)),
  };
}

/** Pods of the workload that do not name `images`: from a list, not from the watch, which may be a moment behind. */
async function otherPods(shared: Shared, held: HeldRequest, images: Images, call: Call): Promise<readonly LivePod[]> {
  const { kube, workload } = scopeOf(shared, held, call);
  const { selector } = await workload.observe(held.target);
  const { items } = await kube.list(podResource, { namespace: held.target.namespace, labelSelector: selector });
  return items
    .filter((pod) => workload.owns(held.target, pod) && !isLeaving(pod) && !hasImages(pod, images))
    .map((pod) => ({ name: pod.metadata.name, uid: pod.metadata.uid, pod }));
}

async function bringAlong(scope: Scope, born: readonly LivePod[], holder: string, images: Images): Promise<void> {
  await scope.withPods(async (pods) => {
    const change = { holder, batch: 'commit', images: () => images, wrote: (pod: Pod) => pods.wrote(pod) };
    const { failed, later } = await scope.workload.upgrade(born, change);
    const [first] = failed;
    if (first) throw new KubernetesFailure(first.code, `${first.pod}: ${first.reason}`, { status: 422 });
    if (later.length > 0)
      throw new KubernetesFailure('CONFLICT', `pod ${later[0]} is written by others`, { status: 409 });
  });
}
