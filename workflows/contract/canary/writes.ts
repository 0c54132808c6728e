import { greenOf } from '../blueGreen/share.ts';
import { kindOf } from '../kinds.ts';
import { marks, workloadName } from '../names.ts';
import type { Observation } from '../observation.ts';
import type { Plan } from '../plan.ts';
import { lookWrites } from '../planner/traffic.ts';
import { countOf } from '../quantity.ts';
import { besideKinds, type PlannedCanary, splitText } from './plan.ts';

/** What is written, in order, one sentence each. */
export function canaryWrites(
  {
    target,
    canary,
    replicas,
    traffic,
  }: Pick<Plan, 'target' | 'replicas' | 'traffic'> & { readonly canary: PlannedCanary },
  { paused }: Pick<Observation, 'paused'>,
): readonly string[] {
  const name = workloadName(target);
  const kind = kindOf(target);
  const { services, route, steps } = canary;
  const named = `Service ${services.join(', ')}`;
  const [first, ...later] = steps.map(({ pods, split }) => {
    const count = countOf(greenOf(replicas, pods), 'pod');
    return split === undefined ? count : `${count}, ${splitText(split)} of callers`;
  });
  const isBeside = route !== undefined && besideKinds.includes(route.kind);
  const sends = isBeside
    ? `${route.kind} ${route.canary} beside ${route.name}, by which callers come to it`
    : `let ${route?.kind} ${route?.name} send callers to it`;
  const routed =
    route === undefined
      ? [`When those are ready: take the key out of the selector of ${named}, which then calls old and new pods.`]
      : [
          `Create Service ${route.canary}, which selects the new pods, and ${sends} (annotations ${marks.release}, ${marks.before}).`,
        ];
  return [
    'Keep the old and the new template in a ControllerRevision, until the end.',
    `${kind.hold(name)} and mark it as held (annotations ${marks.release}, ${marks.before}).`,
    `Add the pod-template-hash of the old pods to the selector of ${named}: from then on no other pod is called through it.`,
    `Create a ReplicaSet of the new version beside that of ${name}, with ${first}.`,
    ...routed,
    ...later.map((step) => `After the gate: ${step}.`),
    `After the last gate: the pod-template-hash of the new pods in the selector of ${named}, one write each.`,
    ...(route === undefined
      ? []
      : [
          isBeside
            ? `${route.kind} ${route.canary} with weight 0: callers come to Service ${route.service} alone.`
            : `${route.kind} ${route.name} as it was: it sends callers to Service ${route.service} alone.`,
        ]),
    ...lookWrites(traffic),
    `When the old pods are silent: set the new template in ${name}, which takes over the new ReplicaSet; scale the old one to 0, for \`kubectl rollout undo\`.`,
    ...(route === undefined ? [] : [`Delete ${isBeside ? `${route.kind} and ` : ''}Service ${route.canary}.`]),
    `Take the pod-template-hash out of the selector${services.length === 1 ? '' : 's'}.`,
    `Take the annotations off ${name} and ${kind.release(paused)}.`,
  ];
}
