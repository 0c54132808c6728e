import type { Plan } from '../../workflows/contract/plan.ts';
import type { ScaleObservation } from '../../workflows/contract/scale/observation.ts';
import type { Call } from '../call.ts';
import { isLeaving } from '../kubernetes/podState.ts';
import { autoscalers, budgets } from '../kubernetes/resources.ts';
import { selects } from '../kubernetes/selectors.ts';
import { templateImages } from '../kubernetes/templates.ts';
import type { Connection } from '../kubernetes/types.ts';
import { targetOf } from '../mayPlan.ts';
import { findingsOf, scales } from '../observe/findings.ts';
import { heldBefore } from '../observe/heldBefore.ts';
import { livingPods } from '../observe/livingPods.ts';
import { inspectTraffic, lookBefore } from '../observe/lookBefore.ts';
import type { ObservedWorkload, Scaling, Workload } from '../ports.ts';
import type { Shared } from '../scope.ts';
import { scalePods, scalingOf } from './look.ts';
import { scalerAccess } from './scalers.ts';

/** Validates, looks, and plans; touches nothing. What is refused here was not refused at a drained pod. */
export async function makeScalePlan(shared: Shared, given: unknown, call: Call): Promise<Plan> {
  const spec = shared.factories.validateScale(given);
  const target = targetOf(spec, shared.cluster);
  const more = (workload: Workload) => [
    ...scalingOf(workload, target).access,
    ...(spec.scale.hpa === 'Refuse' ? [] : scalerAccess),
  ];
  const { traffic } = spec;
  const look = await lookBefore(shared, { target, traffic, more }, call);
  const { kube, workload, observed } = look;
  await inspectTraffic(shared, look, traffic, call);
  const scaling = scalingOf(workload, target);
  const plan = shared.factories.planScale(spec, await observe(kube, workload, scaling, target, observed));
  await scaling.set({ target, uid: observed.uid }, { replicas: spec.scale.to, dryRun: true });
  return plan;
}

async function observe(
  kube: Connection,
  workload: Workload,
  scaling: Scaling,
  target: Plan['target'],
  observed: ObservedWorkload,
): Promise<ScaleObservation> {
  const { namespace } = target;
  const [living, found, scalers, disruption] = await Promise.all([
    livingPods(kube, workload, target, observed),
    findingsOf(kube, target, observed),
    kube.list(autoscalers, { namespace }),
    kube.list(budgets, { namespace }),
  ]);
  const { owners, ownedBy, services, openServices, unrecorded, probeSeconds } = found;
  return {
    target,
    uid: observed.uid,
    replicas: observed.replicas,
    minReadySeconds: observed.minReadySeconds,
    ...heldBefore(observed),
    templateImages: templateImages(observed.template),
    pods: await scalePods(kube, workload, scaling, living),
    findings: {
      owners,
      ...(ownedBy !== undefined && { ownedBy }),
      services,
      openServices,
      ...(unrecorded !== undefined && { unrecorded }),
      probeSeconds,
      scalers: scalers.items
        .filter((scaler) => scales(scaler, target))
        .map(({ metadata: { name }, spec: { minReplicas = 1, maxReplicas } }) => ({
          name,
          min: minReplicas,
          max: maxReplicas,
        })),
      budgets: disruption.items
        .filter(({ spec: { selector } }) =>
          living.some((pod) => !isLeaving(pod) && selector && selects(selector, pod.metadata.labels ?? {})),
        )
        .map(({ metadata: { name }, status }) => ({ name, healthy: status?.desiredHealthy ?? 0 })),
    },
  };
}
