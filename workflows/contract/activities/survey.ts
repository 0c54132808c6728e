import type { PlannedHotSwap } from '../hotSwap/plan.ts';
import type { BudgetRoom, Images } from '../observation.ts';
import type { PlannedPod, PodRef } from '../plan.ts';
import type { PodOrder } from '../planner/ordering.ts';
import type { PlannedReload } from '../reload.ts';
import type { ContainerResources } from '../resize.ts';
import type { TrafficSource } from '../traffic.schema.ts';
import type { HeldRequest } from './hold.ts';

export interface PrepareRequest extends HeldRequest, PodsLook {}

/** What is looked at before the first drain of a batch. */
export interface PodsLook {
  readonly through: readonly TrafficSource[];
  readonly pods: readonly PodRef[];
  /** PodDisruptionBudgets too. */
  readonly budgets?: boolean;
  /** None of them is in hand: one that is not there is missing as any other. */
  readonly atRest?: true;
}

/** How one pod stood in traffic before its drain: one entry for each source of `through`, in its order. */
export type TrafficSnapshot = readonly unknown[];

export interface Prepared {
  /** Pods of the request that are there (same UID). */
  readonly pods: readonly PreparedPod[];
  readonly gone: readonly string[];
  /**
   * Other pods of the workload that are out of service now, by name, and a null for each that it wants and that is not there:
   * they count against maxUnavailable.
   */
  readonly downElsewhere: readonly (string | null)[];
  /** The tightest PodDisruptionBudget of the workload, where it was looked for. */
  readonly budget?: BudgetRoom;
}

export interface PreparedPod extends PodRef {
  readonly ready: boolean;
  readonly traffic: TrafficSnapshot;
}

export interface SurveyRequest extends HeldRequest, PodOrder {
  /** Which pods are looked for: those that do not run these images. */
  readonly images: Images;
  /** The template's images before the release. */
  readonly from: Images;
  /** Where pods are made anew, not the images tell who is looked for, but the mark that pods have, or have not. */
  readonly template?: TemplateMark;
  /** Where resources change in pods that live: who has not these. */
  readonly resources?: ContainerResources;
  /** Where containers reload: who does not run it; in a rollback, whom this release has left a trace on. */
  readonly reload?: PlannedReload;
  /** On the way forward of a hot swap: who has not begun, whichever container the new version goes into. */
  readonly hotSwap?: PlannedHotSwap;
  /** Fingerprint of the pods that the release expects not to run `images`. */
  readonly expected: string;
  /** A rollback looks for pods only, whatever else was changed. */
  readonly undo: boolean;
  /** The batch that is next where all is as expected: its pods are prepared in the same call. */
  readonly next?: PodsLook;
}

export interface TemplateMark {
  /** marks.template of the new version. */
  readonly mark: string;
  /** Whether the pods shall have it: not in a rollback. */
  readonly wanted: boolean;
}

export interface Surveyed {
  readonly replicas: number;
  /** All pods that do not run `images`, in the order of a batch; left out where they are as expected. */
  readonly pods?: readonly PlannedPod[];
  /** Pods of the new version that are not ready; none: left out. */
  readonly down?: readonly PodRef[];
  /** Of `next`, where all is as expected. */
  readonly prepared?: Prepared;
}
