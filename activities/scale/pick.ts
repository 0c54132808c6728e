import { setTimeout as sleep } from 'node:timers/promises';
import type { Picked } from '../../workflows/contract/activities/scale.ts';
import type { ClusterActivities } from '../../workflows/contract/activities.ts';
import { leavingOrder } from '../../workflows/contract/scale/choose.ts';
import { leavingPod } from '../../workflows/contract/scale/planner.ts';
import { activity } from '../call.ts';
import { otherNumber } from '../kubernetes/scaling/number.ts';
import type { Pod } from '../kubernetes/wire.ts';
import { livingPods } from '../observe/livingPods.ts';
import { type Shared, scopeOf } from '../scope.ts';
import { observedFor, scalePods, scalingOf } from './look.ts';

/** How long is waited for the successor of a pod that died: until it is there, nobody knows who goes. */
const patienceMs = 20_000;
const lookAgainMs = 250;

/** Which pods go, and their marks. What was marked and stays is given back what it was. */
export function pickActivity(shared: Shared): Pick<ClusterActivities, 'pick' | 'spare'> {
  return {
    pick: activity(async (request, call): Promise<Picked> => {
      const { kube, workload } = scopeOf(shared, request, call);
      const { target, holder, replicas, to, planned, now } = request;
      const scaling = scalingOf(workload, target);
      const observed = await observedFor(workload, request, replicas === undefined);
      if (replicas !== undefined && observed.replicas !== replicas) {
        throw otherNumber(target, observed.replicas, replicas);
      }
      const living = await complete(() => livingPods(kube, workload, target, observed), observed.replicas, call.signal);
      const order = leavingOrder(await scalePods(kube, workload, scaling, living), request, planned);
      const going = order.slice(0, Math.max(0, living.length - to));
      const marked = new Set(going.slice(0, now).map(({ uid }) => uid));
      const isMarked = (pod: Pod): boolean => marked.has(pod.metadata.uid);
      await scaling.spare(
        living.filter((pod) => !isMarked(pod)),
        holder,
      );
      await scaling.choose(living.filter(isMarked), holder);
      const same = going.length === planned.length && going.every(({ uid }, at) => planned[at]?.uid === uid);
      return same ? {} : { pods: going.map((pod) => leavingPod(pod, request)) };
    }),

    spare: activity(async (request, call) => {
      const { kube, workload } = scopeOf(shared, request, call);
      const observed = await workload.observe(request.target);
      if (observed.uid !== request.uid) return;
      const living = await livingPods(kube, workload, request.target, observed);
      await scalingOf(workload, request.target).spare(living, request.holder);
    }),
  };
}

/** Its pods when there are as many as there shall be; after a while those that there are. */
async function complete(
  look: () => Promise<readonly Pod[]>,
  replicas: number,
  signal: AbortSignal,
): Promise<readonly Pod[]> {
  for (const until = Date.now() + patienceMs; ; ) {
    const pods = await look();
    if (pods.length === replicas || Date.now() > until) return pods;
    await sleep(lookAgainMs, undefined, { signal });
  }
}
