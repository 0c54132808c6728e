import type { Handful } from '../../workflows/contract/activities/handful.ts';
import type { PrePullRequest, PullNode } from '../../workflows/contract/activities/prePull.ts';
import type { PodRef } from '../../workflows/contract/plan.ts';
import { eachPod } from '../eachPod.ts';
import { KubernetesFailure } from '../kubernetes/kubernetesFailure.ts';
import type { PodWatch } from '../kubernetes/podWatch.ts';
import { pods } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { PodTemplate } from '../kubernetes/wire.ts';
import type { Workload } from '../ports.ts';
import { pullPod, pullPodName } from './pullPod.ts';

interface Ground {
  readonly kube: Connection;
  /** Of the pods that pull for this workload. */
  readonly watch: PodWatch;
  readonly owner: Workload['owner'];
  readonly template: PodTemplate;
}

/**
 * Sees that there is a pod on each node of the request. `live`: the pods, made now or found; `made`: what became of
 * those that are not there, by name.
 */
export async function makePods(
  request: PrePullRequest,
  ground: Ground,
  signal: AbortSignal,
): Promise<{ readonly live: readonly (PullNode & PodRef)[]; readonly made: Handful }> {
  const live: (PullNode & PodRef)[] = [];
  const wanted = request.nodes.map((node) => ({ ...node, name: pullPodName(request, node.node) }));
  const made = await eachPod(wanted, signal, async (pull) => {
    const uid = ground.watch.get(pull.name)?.metadata.uid;
    if (uid === undefined && Date.now() >= Date.parse(pull.since) + request.timeoutMs) {
      return { code: 'PRE_PULL_FAILED', reason: 'there was no pod to pull with in time' };
    }
    live.push({ ...pull, uid: uid ?? (await make(request, ground, pull)) });
    return 'done';
  });
  return { live, made: { ...made, done: [] } };
}

/** UID of the pod on that node: a new one, or that of a try before. */
async function make(
  request: PrePullRequest,
  { kube, watch, owner, template }: Ground,
  { name, node }: PullNode & { readonly name: string },
): Promise<string> {
  const { namespace } = request.target;
  try {
    const pod = await kube.create(pods, pullPod(request, { owner, template }, node), { namespace });
    watch.wrote(pod);
    return pod.metadata.uid;
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.reason === 'AlreadyExists')) throw error;
    const pod = await kube.get(pods, { namespace, name });
    watch.wrote(pod);
    return pod.metadata.uid;
  }
}
