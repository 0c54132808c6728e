import type { DrainPod } from '../../workflows/contract/drain/observation.ts';
import { idOfHolder, marks } from '../../workflows/contract/names.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import type { Call } from '../call.ts';
import { isLeaving } from '../kubernetes/podState.ts';
import { nodes, pods as podResource } from '../kubernetes/resources.ts';
import type { Pod } from '../kubernetes/wire.ts';
import { targetOf } from '../mayPlan.ts';
import { findingsOf } from '../observe/findings.ts';
import { lookBefore } from '../observe/lookBefore.ts';
import { nodesOf, observedPod } from '../observe/observedPod.ts';
import type { Shared } from '../scope.ts';
import { isDrained } from '../traffic/drained.ts';
import { leftOutOf } from '../traffic/registry/trail.ts';

/** Validates, looks, and plans; touches nothing. */
export async function makeDrainPlan(shared: Shared, given: unknown, call: Call): Promise<Plan> {
  const spec = shared.factories.validateDrain(given);
  const target = targetOf(spec);
  const look = await lookBefore(shared, { target, through: spec.traffic.through }, call);
  const { kube, workload, observed, registries } = look;
  const { namespace } = target;
  const [list, nodeList, found] = await Promise.all([
    kube.list(podResource, { namespace, labelSelector: observed.selector }),
    kube.list(nodes, {}),
    findingsOf(kube, target, observed),
  ]);
  const own = list.items.filter((pod) => workload.owns(target, pod) && !isLeaving(pod));
  const byName = nodesOf(nodeList);
  const { owners, services, openServices, unrecorded } = found;
  return shared.factories.planDrain(spec, {
    target,
    uid: observed.uid,
    // What a release that was terminated left behind is not the state that people gave it.
    paused: observed.paused && observed.holder === undefined,
    leftHeld: observed.holder !== undefined,
    readinessGates: (observed.template.spec?.readinessGates ?? []).map(({ conditionType }) => conditionType),
    pods: own.map((pod): DrainPod => {
      const by = outBy(pod);
      return { ...observedPod(pod, byName, workload), ...(by !== undefined && { outBy: by }) };
    }),
    findings: {
      owners,
      services,
      openServices,
      ...(unrecorded !== undefined && { unrecorded }),
      leftOut: leftOutOf(own),
      registries,
    },
  });
}

/** Who has taken it out, as far as our marks on it say: the workflow id of a release, or nothing of somebody else. */
function outBy(pod: Pod): string | undefined {
  const { [marks.drained]: holder, [marks.outOf]: trail } = pod.metadata.annotations ?? {};
  if (holder !== undefined) return idOfHolder(holder);
  if (trail !== undefined) return 'a release';
  return isDrained(pod) ? '' : undefined;
}
