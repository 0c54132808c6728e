import type { Target } from '../../workflows/contract/names.ts';
import type { Findings } from '../../workflows/contract/observation.ts';
import { isCanary } from '../canary/service.ts';
import { recordAccess } from '../history/store.ts';
import { autoscalers, services } from '../kubernetes/resources.ts';
import { selects } from '../kubernetes/selectors.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { HorizontalPodAutoscaler, Service } from '../kubernetes/wire.ts';
import type { ObservedWorkload } from '../ports.ts';
import { isOpen, ownSelector } from '../traffic/service/usable.ts';
import { ownersOf } from './owners.ts';
import { probeSeconds } from './probeSeconds.ts';
import { missingAccess } from './requireAccess.ts';

/** What else of the cluster is looked at before the plan. */
export async function findingsOf(
  kube: Connection,
  target: Target,
  workload: ObservedWorkload,
): Promise<Omit<Findings, 'budgets' | 'prePull' | 'digests' | 'ownImages' | 'registrySilent'>> {
  const { namespace } = target;
  const labels = workload.template.metadata?.labels ?? {};
  const [scalers, endpoints, unrecorded] = await Promise.all([
    kube.list(autoscalers, { namespace }),
    kube.list(services, { namespace }),
    missingAccess(kube, namespace, recordAccess),
  ]);
  const own = scalers.items.filter((scaler) => scales(scaler, target));
  const multiplying = own
    .filter(multiplies)
    .map(({ metadata: { name }, spec: { maxReplicas: max } }) => ({ name, max }));
  // A Service without a selector has endpoints that somebody else writes; that of a canary, or of the workload itself, is ours
  // and goes with its release.
  const isOurs = (service: Service): boolean =>
    isCanary(service) || (service.metadata.ownerReferences?.some(({ uid }) => uid === workload.uid) ?? false);
  const serving = endpoints.items.filter((service) => {
    const selector = ownSelector(service);
    return !isOurs(service) && Object.keys(selector).length > 0 && selects({ matchLabels: selector }, labels);
  });
  return {
    ...(unrecorded.length > 0 && { unrecorded }),
    autoscalers: own.map(({ metadata }) => metadata.name),
    ...(multiplying.length > 0 && { multiplying }),
    owners: ownersOf(workload.labels, workload.annotations),
    ...(workload.ownedBy !== undefined && { ownedBy: workload.ownedBy }),
    services: names(serving),
    openServices: names(serving.filter(isOpen)),
    probeSeconds: probeSeconds(workload.template),
  };
}

/** Whether it says how many pods `target` has. */
export const scales = ({ spec: { scaleTargetRef: ref } }: HorizontalPodAutoscaler, target: Target): boolean =>
  ref.kind.toLowerCase() === target.kind && ref.name === target.name;

/**
 * Whether it takes so many times the pods that are ready as a metric is above its target: one of an object or from outside, with a
 * `value`. By an average, and by what pods use, a sum decides, however many pods share it (its controller's source, 1.34.4).
 */
const multiplies = ({ spec: { metrics = [] } }: HorizontalPodAutoscaler): boolean =>
  metrics.some(({ object, external }) => (object ?? external)?.target.type === 'Value');

const names = (found: readonly Service[]): readonly string[] => found.map(({ metadata }) => metadata.name);
