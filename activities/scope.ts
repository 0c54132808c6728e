import type { HeldRequest } from '../workflows/contract/activities/hold.ts';
import type { Target } from '../workflows/contract/names.ts';
import type { TrafficSource } from '../workflows/contract/spec.ts';
import type { Call } from './call.ts';
import type { Admission } from './kubernetes/admission.ts';
import type { PodWatches } from './kubernetes/podWatches.ts';
import type { Connection } from './kubernetes/types.ts';
import { createWorkload } from './kubernetes/workloads.ts';
import { type SelectorCache, type WorkloadPods, withPods } from './podsOf.ts';
import type { Factories, PodsOf, TrafficPath, Workload } from './ports.ts';

/** What the activities of a worker share. */
export interface Shared {
  /** Name of the cluster that `kube` is connected to. */
  readonly cluster: string;
  readonly kube: Connection;
  readonly watches: PodWatches;
  readonly selectors: SelectorCache;
  readonly admission: Admission;
  readonly factories: Factories;
}

/** What one attempt of an activity works with; its calls end with it. */
export interface Scope {
  readonly kube: Connection;
  readonly workload: Workload;
  readonly admission: Admission;
  /** Runs `use` with the live pods of the workload. */
  readonly withPods: <T>(use: (pods: WorkloadPods) => Promise<T>) => Promise<T>;
  /** The way out of traffic through these sources. */
  readonly traffic: (through: readonly TrafficSource[], pods: PodsOf) => TrafficPath;
}

export function scopeOf(shared: Shared, held: HeldRequest, call: Call): Scope {
  const kube = shared.kube.with(call.signal);
  const workload = workloadOf(shared, held.target, call);
  return {
    kube,
    workload,
    admission: shared.admission,
    withPods: (use) => withPods(held, { ...shared, workload }, use),
    traffic: (through, pods) =>
      shared.factories.createTraffic(through, { kube: shared.kube, signal: call.signal, held, workload, pods }),
  };
}

export const workloadOf = ({ kube }: Shared, target: Target, { signal }: Call): Workload =>
  createWorkload(target, kube.with(signal), signal);
