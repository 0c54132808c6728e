import type { DrainPod } from '../../workflows/contract/drain/observation.ts';
import { idOfHolder, marks } from '../../workflows/contract/names.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import type { Call } from '../call.ts';
import { nodes } from '../kubernetes/resources.ts';
import type { Pod } from '../kubernetes/wire.ts';
import { targetOf } from '../mayPlan.ts';
import { findingsOf } from '../observe/findings.ts';
import { heldBefore } from '../observe/heldBefore.ts';
import { livingPods } from '../observe/livingPods.ts';
import { inspectTraffic, lookBefore } from '../observe/lookBefore.ts';
import { nodesOf, observedPod } from '../observe/observedPod.ts';
import type { Shared } from '../scope.ts';
import { isDrained } from '../traffic/drained.ts';
import { leftOutOf } from '../traffic/registry/trail.ts';

/** Validates, looks, and plans; touches nothing. */
export async function makeDrainPlan(shared: Shared, given: unknown, call: Call): Promise<Plan> {
  const spec = shared.factories.validateDrain(given);
  const target = targetOf(spec, shared.cluster);
  const { traffic } = spec;
  const look = await lookBefore(shared, { target, traffic }, call);
  const { kube, workload, observed } = look;
  const registries = await inspectTraffic(shared, look, traffic, call);
  const [own, nodeList, found] = await Promise.all([
    livingPods(kube, workload, target, observed),
    kube.list(nodes, {}),
    findingsOf(kube, target, observed),
  ]);
  const byName = nodesOf(nodeList);
  const { owners, ownedBy, services, openServices, unrecorded } = found;
  return shared.factories.planDrain(spec, {
    target,
    uid: observed.uid,
    ...heldBefore(observed),
    pods: own.map((pod): DrainPod => {
      const by = outBy(pod);
      return { ...observedPod(pod, byName, workload), ...(by !== undefined && { outBy: by }) };
    }),
    findings: {
      owners,
      ...(ownedBy !== undefined && { ownedBy }),
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
