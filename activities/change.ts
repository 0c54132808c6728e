import type { Handful, HandfulPod, HandfulRequest } from '../workflows/contract/activities/handful.ts';
import type { Images } from '../workflows/contract/observation.ts';
import { hasResources } from '../workflows/contract/resize.ts';
import type { Call } from './call.ts';
import { swapChange } from './hotSwap/change.ts';
import { resourcesOf } from './kubernetes/podResources.ts';
import { hasImages, isChangedBy } from './kubernetes/podState.ts';
import type { WorkloadPods } from './podsOf.ts';
import type { LivePod, PodChange } from './ports.ts';
import { rehearse } from './rehearse.ts';
import { reloadChange } from './reload/change.ts';
import type { Scope } from './scope.ts';

type Live = HandfulPod & LivePod;

/** How the pods of a request are changed while they live. */
export interface Change {
  /** Whether each could be: before its drain, and without a trace. */
  rehearse(live: readonly Live[]): Promise<Handful>;
  /** Whether this batch has changed the pod already. */
  isMade(pod: Live): boolean;
  make(live: readonly Live[]): Promise<Handful>;
}

export interface ChangeDeps {
  readonly call: Call;
  readonly scope: Scope;
  readonly pods: WorkloadPods;
}

export function changeOf(request: HandfulRequest, deps: ChangeDeps): Change {
  const { reload, hotSwap } = request;
  if (reload !== undefined) return reloadChange(request, reload, deps);
  if (hotSwap !== undefined)
    return swapChange(request, hotSwap, { ...deps, isOwn: (pod) => isChangedBy(pod, request) });
  return imagesChange(request, deps);
}

function imagesChange(request: HandfulRequest, { scope, pods }: ChangeDeps): Change {
  const change = podChange(request, pods);
  return {
    rehearse: (live) => rehearse(live, change, scope.workload, scope.admission),
    isMade: ({ pod, images }) =>
      hasImages(pod, images ?? request.images) &&
      hasResources(resourcesOf(pod), request.resources ?? {}) &&
      isChangedBy(pod, request),
    make: (live) => scope.workload.upgrade(live, change),
  };
}

/** The change of a request: a pod's own images, where it has some, go before those of the handful. */
function podChange(
  request: Pick<HandfulRequest, 'holder' | 'batch' | 'images' | 'resources' | 'pods'>,
  pods: Pick<WorkloadPods, 'wrote'>,
): PodChange {
  const own = new Map<string, Images>();
  for (const { name, images } of request.pods) if (images) own.set(name, images);
  return {
    holder: request.holder,
    batch: request.batch,
    images: (pod) => own.get(pod) ?? request.images,
    ...(request.resources && { resources: request.resources }),
    wrote: (pod) => pods.wrote(pod),
  };
}
