import type { CommitRequest, HeldRequest } from '../workflows/contract/activities/hold.ts';
import type { Surveyed, SurveyRequest } from '../workflows/contract/activities/survey.ts';
import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { fingerprint } from '../workflows/contract/fingerprint.ts';
import { hasBegun } from '../workflows/contract/hotSwap/roles.ts';
import { inOrder, zoneOf } from '../workflows/contract/planner/ordering.ts';
import { plannedPod } from '../workflows/contract/planner/plannedPod.ts';
import { hasResources } from '../workflows/contract/resize.ts';
import { activity, type Call } from './call.ts';
import { takesPlace } from './down.ts';
import { resourcesOf } from './kubernetes/podResources.ts';
import { hasImages, hasMark, imagesOf } from './kubernetes/podState.ts';
import { nodes } from './kubernetes/resources.ts';
import type { Pod } from './kubernetes/wire.ts';
import { livingPods } from './observe/livingPods.ts';
import { isNodeReady, nodesOf, observedPod } from './observe/observedPod.ts';
import type { ObservedWorkload } from './ports.ts';
import { prepare } from './prepare.ts';
import { hasFailed, isTouched, runsVersion } from './reload/record.ts';
import { type Shared, scopeOf } from './scope.ts';

/** The look at the whole workload between two batches, and before the commit; the way to the first drain is short. */
export function surveyActivity(shared: Shared): ClusterActivities['survey'] {
  return activity(async (request, call): Promise<Surveyed> => {
    const scope = scopeOf(shared, request, call);
    const { kube, workload } = scope;
    const { target, images, from, expected, undo, next } = request;
    const observed = undo ? await workload.observe(target) : await workload.requireUnchanged(request);
    const { replicas } = observed;
    const listNodes = async () => nodesOf(await kube.list(nodes, {}));
    const known = request.reload && (await listNodes());
    const ofThose = isOutdated(request, known && reachable(known));
    const own = await ownPods(shared, request, observed, call);
    const outdated = own.filter(ofThose);
    const old = new Set(outdated);
    const down = own.filter((pod) => !old.has(pod) && takesPlace(pod));
    const said = {
      replicas,
      ...(down.length > 0 && { down: down.map(({ metadata: { name, uid } }) => ({ name, uid })) }),
    };
    if (fingerprint(outdated.map(({ metadata }) => metadata)) === expected) {
      return { ...said, ...(next && { prepared: await prepare(scope, target, next, replicas) }) };
    }
    const nodesByName = known ?? (await listNodes());
    const pods = inOrder(
      outdated.map((pod) => observedPod(pod, nodesByName, workload)),
      request,
    );
    return { ...said, pods: pods.map((pod) => plannedPod(pod, images, from, zoneOf(pod, request))) };
  });
}

/** Who is looked for: who has not the version that is wanted. */
function isOutdated(
  { images, resources = {}, template, reload, hotSwap, holder, undo }: SurveyRequest,
  reached: (pod: Pod) => boolean = () => true,
): (pod: Pod) => boolean {
  if (template !== undefined) return (pod) => hasMark(pod, template.mark) !== template.wanted;
  if (hotSwap !== undefined && !undo) return (pod) => !hasBegun(imagesOf(pod), hotSwap);
  if (reload === undefined) return (pod) => !hasImages(pod, images) || !hasResources(resourcesOf(pod), resources);
  if (undo) return (pod) => isTouched(pod, reload, holder);
  return (pod) => reached(pod) && !runsVersion(pod, reload) && !hasFailed(pod, reload, holder);
}

/** Whether its node reports: on one that is lost nothing can be run. */
const reachable =
  (all: ReturnType<typeof nodesOf>) =>
  ({ spec }: Pod): boolean => {
    const node = all.get(spec.nodeName ?? '');
    return node !== undefined && isNodeReady(node);
  };

/** Pods of the workload that have nothing of the new version: from a list, not from the watch, which may be a moment behind. */
export async function otherPods(shared: Shared, request: CommitRequest, call: Call): Promise<readonly Pod[]> {
  const { to, resources = {}, hotSwap } = request;
  const observed = await scopeOf(shared, request, call).workload.observe(request.target);
  const isNew = (pod: Pod): boolean =>
    hotSwap === undefined
      ? hasImages(pod, to) && hasResources(resourcesOf(pod), resources)
      : hasBegun(imagesOf(pod), hotSwap);
  return (await ownPods(shared, request, observed, call)).filter((pod) => !isNew(pod));
}

async function ownPods(
  shared: Shared,
  held: HeldRequest,
  observed: Pick<ObservedWorkload, 'selector'>,
  call: Call,
): Promise<readonly Pod[]> {
  const { kube, workload } = scopeOf(shared, held, call);
  return livingPods(kube, workload, held.target, observed);
}
