import type { PlannedPod } from '../../workflows/contract/plan.ts';
import { isLeaving, isReady } from '../kubernetes/podState.ts';
import { hashLabel } from '../kubernetes/templates.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { PodsOf } from '../ports.ts';

/** The pods of one side, by its pod-template-hash. */
export const podsOfSide = (pods: PodsOf, hash: string): readonly Pod[] =>
  pods.all().filter((pod) => !isLeaving(pod) && pod.metadata.labels?.[hashLabel] === hash);

export const plannedPodOf = (pod: Pod): PlannedPod => ({
  name: pod.metadata.name,
  uid: pod.metadata.uid,
  node: pod.spec.nodeName ?? '',
  ready: isReady(pod),
});
