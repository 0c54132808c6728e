import type { Target } from '../../workflows/contract/names.ts';
import type { RegistryFinding } from '../../workflows/contract/observation.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import type { Call } from '../call.ts';
import type { Connection } from '../kubernetes/types.ts';
import { requireFree } from '../mayPlan.ts';
import { noPods } from '../podsOf.ts';
import type { Access, ObservedWorkload, Workload } from '../ports.ts';
import { type Shared, scopeOf } from '../scope.ts';
import { inspectSilence, silenceAccess } from '../traffic/inspectSilence.ts';
import { requireAccess } from './requireAccess.ts';

type TrafficAsked = Pick<ReleaseSpec['traffic'], 'through' | 'silence'>;

interface Asked {
  readonly target: Target;
  readonly traffic: TrafficAsked;
  /** What it needs besides. */
  readonly more?: (workload: Workload) => readonly Access[];
}

/** The workload before its plan, and how to reach it. */
interface Seen {
  readonly target: Target;
  readonly kube: Connection;
  readonly workload: Workload;
  readonly observed: ObservedWorkload;
}

/**
 * What comes before every plan: whether the worker may, and whether nobody else holds the workload. Touches nothing.
 * @throws FORBIDDEN, WORKLOAD_NOT_FOUND, WORKLOAD_BUSY, WORKLOAD_UNFIT
 */
export async function lookBefore(
  shared: Shared,
  { target, traffic: { through, silence }, more }: Asked,
  call: Call,
): Promise<Seen> {
  const { kube, workload, traffic } = scopeOf(shared, { target, uid: '', holder: '' }, call);
  const needed = [...(through.length > 0 ? traffic(through, noPods).access : []), ...silenceAccess(silence)];
  await requireAccess(kube, target.namespace, [...workload.access, ...needed, ...(more?.(workload) ?? [])]);
  const observed = await workload.observe(target);
  requireFree(target, observed);
  const unfit = await observed.unfit?.();
  if (unfit) throw unfit;
  return { target, kube, workload, observed };
}

/** Whether its pods can be taken out of traffic like this. @throws what `inspectSilence` and `inspect` of a source do */
export async function inspectTraffic(
  shared: Shared,
  { target, observed: { uid } }: Pick<Seen, 'target' | 'observed'>,
  { through, silence }: TrafficAsked,
  call: Call,
): Promise<readonly RegistryFinding[]> {
  if (through.length === 0 && silence === undefined) return [];
  const scope = scopeOf(shared, { target, uid, holder: '' }, call);
  return scope.withPods(async (pods) => {
    if (silence !== undefined) await inspectSilence(scope.kube, pods.all(), silence, call.signal);
    return scope.traffic(through, pods).inspect();
  });
}
