import type { BudgetRoom, Findings, Images, Observation, ObservedPod } from '../observation.ts';

/** What the cluster has, read once before the plan of a scale. */
export interface ScaleObservation
  extends Pick<
    Observation,
    'target' | 'uid' | 'replicas' | 'minReadySeconds' | 'paused' | 'leftHeld' | 'readinessGates'
  > {
  /** Images of the pod template: what pods that come will run. */
  readonly templateImages: Images;
  /** Its pods that live. */
  readonly pods: readonly ScalePod[];
  readonly findings: Pick<
    Findings,
    'owners' | 'ownedBy' | 'services' | 'openServices' | 'unrecorded' | 'probeSeconds'
  > & {
    readonly scalers: readonly Scaler[];
    readonly budgets: readonly BudgetNeed[];
  };
}

/** A pod that may go. */
export interface ScalePod extends ObservedPod {
  /** What its controller goes by whatever we choose: pods of a lower rank go first. */
  readonly rank: number;
  /** pod-deletion-cost that somebody else gave it, else 0: the lower goes first, unless people choose. */
  readonly cost: number;
}

/** A HorizontalPodAutoscaler of the workload. */
export interface Scaler {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

/** A PodDisruptionBudget of its pods, and how many healthy pods it wants to be left. */
export interface BudgetNeed extends Pick<BudgetRoom, 'name'> {
  readonly healthy: number;
}
