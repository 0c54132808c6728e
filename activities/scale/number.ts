import { setTimeout as sleep } from 'node:timers/promises';
import type { ScaleRequest } from '../../workflows/contract/activities/scale.ts';
import type { ClusterActivities } from '../../workflows/contract/activities.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { workloadName } from '../../workflows/contract/names.ts';
import { countOf, humanDuration } from '../../workflows/contract/quantity.ts';
import { overtaken } from '../../workflows/contract/scale/choose.ts';
import { activity } from '../call.ts';
import { hasImages, imagesOf, isLeaving } from '../kubernetes/podState.ts';
import type { Pod } from '../kubernetes/wire.ts';
import { livingPods } from '../observe/livingPods.ts';
import type { Scaling } from '../ports.ts';
import { type Scope, type Shared, scopeOf } from '../scope.ts';
import { until } from '../until.ts';
import { observedFor, scalingOf } from './look.ts';

/** A pod that is not ready for a moment shall not change the plan. */
const overtakenMs = 10_000;
const lookAgainMs = 250;
/** Others may have gone instead: so long after the number was reached the chosen ones should be told to end. */
const stayedMs = 5_000;

/** The number, and what becomes of the pods by it. */
export function numberActivities(shared: Shared): Pick<ClusterActivities, 'scale' | 'born' | 'left'> {
  return {
    scale: activity(async (request, call) => {
      const scope = scopeOf(shared, request, call);
      const { target, replicas, expects, leaving } = request;
      const scaling = scalingOf(scope.workload, target);
      const { replicas: now, selector } = await observedFor(scope.workload, request, expects === undefined);
      if (now !== replicas && leaving.length > 0) await requireNext(scope, request, { selector }, scaling, call.signal);
      await scaling.set(request, { replicas, expects });
    }),

    born: activity((request, call) =>
      scopeOf(shared, request, call).withPods(async (pods) => {
        const { replicas, count, timeoutMs, target } = request;
        const living = () => pods.all().filter((pod) => !isLeaving(pod));
        const leftMs = Date.parse(call.here(request.since)) + timeoutMs - Date.now();
        const there = await until(() => living().length >= replicas, Math.max(leftMs, 0), call.signal, [pods]);
        if (!there) {
          throw new SluiceError(
            'POD_FAILED',
            `After ${humanDuration(timeoutMs)} ${workloadName(target)} has ${living().length} of its ${countOf(replicas, 'pod')}.`,
            {
              next: `See \`kubectl describe ${workloadName(target)} -n ${target.namespace}\`: a quota or an admission webhook may refuse them.`,
            },
          );
        }
        const except = new Set(request.except);
        const newest = living()
          .filter(({ metadata }) => !except.has(metadata.uid))
          .toSorted(byBirth)
          .slice(-count);
        return {
          pods: newest.map((pod) => ({
            name: pod.metadata.name,
            uid: pod.metadata.uid,
            node: pod.spec.nodeName ?? '',
            ready: true,
            ...(!hasImages(pod, request.images) && { from: imagesOf(pod) }),
          })),
        };
      }),
    ),

    left: activity((request, call) =>
      scopeOf(shared, request, call).withPods(async (pods) => {
        const { replicas, timeoutMs } = request;
        const stays = () => {
          const there = request.pods.flatMap((ref) => pods.find(ref) ?? []);
          return there.filter((pod) => !isLeaving(pod)).map(({ metadata }) => metadata.name);
        };
        const living = () => pods.all().filter((pod) => !isLeaving(pod)).length;
        const leftMs = Math.max(0, Date.parse(call.here(request.since)) + timeoutMs - Date.now());
        const reached = () => stays().length === 0 || living() <= replicas;
        const isReached = await until(reached, leftMs, call.signal, [pods]);
        if (isReached) await until(() => stays().length === 0, stayedMs, call.signal, [pods]);
        const stayed = stays();
        if (stayed.length === 0 || living() <= replicas) return { stayed };
        throw new SluiceError(
          'POD_FAILED',
          `After ${humanDuration(timeoutMs)} ${countOf(stayed.length, 'pod')} that should go ${stayed.length === 1 ? 'has' : 'have'} not been told to end: ${stayed.slice(0, 3).join(', ')}${stayed.length > 3 ? ', …' : ''}.`,
        );
      }),
    ),
  };
}

/** The youngest last. */
function byBirth({ metadata: a }: Pod, { metadata: b }: Pod): number {
  const [one = '', other = ''] = [a.creationTimestamp, b.creationTimestamp];
  return one < other || (one === other && a.name < b.name) ? -1 : 1;
}

/** @throws PODS_OVERTAKEN where the controller would take others than `leaving`, for longer than a moment */
async function requireNext(
  { kube, workload }: Scope,
  { target, leaving, replicas }: ScaleRequest,
  observed: Parameters<typeof livingPods>[3],
  scaling: Scaling,
  signal: AbortSignal,
): Promise<void> {
  const uids = new Set(leaving.map(({ uid }) => uid));
  for (const end = Date.now() + overtakenMs; ; ) {
    const pods = await livingPods(kube, workload, target, observed);
    const found = firstOvertaken(pods, scaling, uids);
    const chosen = pods.filter(({ metadata }) => uids.has(metadata.uid)).length;
    const open = pods.length - replicas - chosen;
    if (found === undefined && open <= 0) return;
    if (Date.now() > end) {
      const name = workloadName(target);
      const who =
        found && `The controller of ${name} would take ${found.first}, and not ${found.chosen}, which was chosen.`;
      const text = `${countOf(open, 'pod')} more of ${name} would go than were chosen: others have died meanwhile.`;
      throw new SluiceError('PODS_OVERTAKEN', who ?? text);
    }
    await sleep(lookAgainMs, undefined, { signal });
  }
}

function firstOvertaken(pods: readonly Pod[], scaling: Scaling, uids: ReadonlySet<string>) {
  const ranked = pods.map((pod) => ({ name: pod.metadata.name, uid: pod.metadata.uid, rank: scaling.rank(pod) }));
  const found = overtaken(
    ranked,
    ranked.filter(({ uid }) => uids.has(uid)),
  );
  return found && { first: found.first.name, chosen: found.chosen.name };
}
