import type { Target } from '../../workflows/contract/names.ts';
import type { RegistryFinding } from '../../workflows/contract/observation.ts';
import type { TrafficSource } from '../../workflows/contract/spec.ts';
import type { Call } from '../call.ts';
import type { Connection } from '../kubernetes/types.ts';
import { requireCluster, requireFree } from '../mayPlan.ts';
import { noPods } from '../podsOf.ts';
import type { Access, ObservedWorkload, Workload } from '../ports.ts';
import { type Shared, scopeOf } from '../scope.ts';
import { requireAccess } from './requireAccess.ts';

interface Asked {
  readonly target: Target;
  readonly through: readonly TrafficSource[];
  /** What it needs besides. */
  readonly more?: (workload: Workload) => readonly Access[];
}

interface Seen {
  readonly kube: Connection;
  readonly workload: Workload;
  readonly observed: ObservedWorkload;
  readonly registries: readonly RegistryFinding[];
}

/**
 * What comes before every plan: whether the worker may, whether nobody else holds the workload, and whether its pods can
 * be taken out of traffic through these. Touches nothing.
 * @throws CLUSTER_UNKNOWN, FORBIDDEN, WORKLOAD_NOT_FOUND, WORKLOAD_BUSY, WORKLOAD_UNFIT, and what `inspect` of a source does
 */
export async function lookBefore(shared: Shared, { target, through, more }: Asked, call: Call): Promise<Seen> {
  requireCluster(target, shared.cluster);
  const { kube, workload, traffic } = scopeOf(shared, { target, uid: '', holder: '' }, call);
  const needed = through.length > 0 ? traffic(through, noPods).access : [];
  await requireAccess(kube, target.namespace, [...workload.access, ...needed, ...(more?.(workload) ?? [])]);
  const observed = await workload.observe(target);
  requireFree(target, observed);
  if (observed.unfit) throw observed.unfit;
  if (through.length === 0) return { kube, workload, observed, registries: [] };
  const scope = scopeOf(shared, { target, uid: observed.uid, holder: '' }, call);
  const registries = await scope.withPods((pods) => scope.traffic(through, pods).inspect());
  return { kube, workload, observed, registries };
}
