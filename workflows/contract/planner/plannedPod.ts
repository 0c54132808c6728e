import type { Images, ObservedPod } from '../observation.ts';
import type { PlannedPod } from '../plan.ts';

/** A pod as batches name it. `to`: the change; `template`: the images of the workload's template before it. */
export function plannedPod(pod: ObservedPod, to: Images, template: Images, zone: string | undefined): PlannedPod {
  const { name, uid, node, ready, images } = pod;
  const changed = Object.keys(to);
  const differs = changed.some((container) => images[container] !== template[container]);
  const from = Object.fromEntries(Object.entries(images).filter(([container]) => changed.includes(container)));
  return { name, uid, node, ready, ...(zone !== undefined && { zone }), ...(differs && { from }) };
}
