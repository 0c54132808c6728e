import { kindOf } from '../kinds.ts';
import { marks, workloadName } from '../names.ts';
import type { Observation } from '../observation.ts';
import { lookWrites } from '../planner/traffic.ts';
import { countOf, humanDuration } from '../quantity.ts';
import type { BlueGreenDraft } from './planner.ts';

/** What is written, in order, one sentence each. */
export function blueGreenWrites(
  { target, blueGreen, replicas, traffic }: Pick<BlueGreenDraft, 'target' | 'blueGreen' | 'replicas' | 'traffic'>,
  { paused }: Pick<Observation, 'paused'>,
): readonly string[] {
  const name = workloadName(target);
  const kind = kindOf(target);
  const { services, previewService, keepOldMs } = blueGreen;
  const named = `Service ${services.join(', ')}`;
  return [
    'Keep the old and the new template in a ControllerRevision, until the end.',
    `${kind.hold(name)} and mark it as held (annotations ${marks.release}, ${marks.before}).`,
    `Add the pod-template-hash of the old pods to the selector of ${named}: from then on no other pod is called.`,
    `Create a ReplicaSet of the new version with ${countOf(replicas, 'pod')}, beside that of ${name}.`,
    ...(previewService === undefined ? [] : [`Let Service ${previewService} select the new pods.`]),
    `After the gate: the pod-template-hash of the new pods in the selector of ${named}, one write each. A rollback writes the old one again.`,
    ...lookWrites(traffic),
    `After ${humanDuration(keepOldMs)}, when the old pods are silent: set the new template in ${name}, which takes over the new ReplicaSet; scale the old one to 0, for \`kubectl rollout undo\`.`,
    `Take the pod-template-hash out of the ${services.length + (previewService === undefined ? 0 : 1) === 1 ? 'selector' : 'selectors'}.`,
    `Take the annotations off ${name} and ${kind.release(paused)}.`,
  ];
}
