import type { ArrivedRequest } from '../workflows/contract/activities/hold.ts';
import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { hasAll } from '../workflows/contract/imageName.ts';
import { activity } from './call.ts';
import { hasImages } from './kubernetes/podState.ts';
import { sameTemplate, templateImages } from './kubernetes/templates.ts';
import { livingPods } from './observe/livingPods.ts';
import type { ObservedWorkload, Workload } from './ports.ts';
import { type Shared, scopeOf } from './scope.ts';

/** The look whether somebody has brought the whole new version by hand. */
export function arrivedActivity(shared: Shared): ClusterActivities['arrived'] {
  return activity(async (request, call) => {
    const { kube, workload } = scopeOf(shared, request, call);
    const { target, uid } = request;
    const observed = await workload.observe(target);
    if (observed.uid !== uid || !(await isNew(workload, observed, request))) return { all: false };
    const images = templateImages(observed.template);
    const pods = await livingPods(kube, workload, target, observed);
    return { all: pods.length >= observed.replicas && pods.every((pod) => hasImages(pod, images)) };
  });
}

/** Whether the change would change nothing any more in the template. */
async function isNew(
  workload: Workload,
  { template }: ObservedWorkload,
  { target, images, source }: ArrivedRequest,
): Promise<boolean> {
  if (source === undefined) return hasAll(templateImages(template), images);
  return sameTemplate(await workload.recreation.preview(target, source), template);
}
