import type { Findings, Observation, ObservedPod } from '../observation.ts';

/** What the cluster has, read once before the plan of a drain. */
export interface DrainObservation
  extends Pick<Observation, 'target' | 'uid' | 'paused' | 'leftHeld' | 'readinessGates'> {
  /** Its pods that live. */
  readonly pods: readonly DrainPod[];
  readonly findings: Pick<
    Findings,
    'owners' | 'ownedBy' | 'services' | 'openServices' | 'unrecorded' | 'leftOut' | 'registries'
  >;
}

/** A pod, and who has taken it out of traffic already. */
export interface DrainPod extends ObservedPod {
  /** Workflow id of a release or drain, as far as our marks say; empty: somebody else. */
  readonly outBy?: string;
}
