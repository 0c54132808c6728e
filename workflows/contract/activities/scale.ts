import type { Images } from '../observation.ts';
import type { PlannedPod, PodRef } from '../plan.ts';
import type { PodOrder } from '../planner/ordering.ts';
import type { HeldRequest } from './hold.ts';

export interface PickRequest extends HeldRequest, PodOrder {
  /** The number that the workload shall have now; a rollback takes whatever it has. */
  readonly replicas?: number;
  /** How many pods are left in the end. */
  readonly to: number;
  /** Pods that are planned to go, in order. */
  readonly planned: readonly PodRef[];
  /** How many of those that go are marked: the next batch. */
  readonly now: number;
}

export interface Picked {
  /** All pods that go, in order; left out where they are those that are planned. */
  readonly pods?: readonly PlannedPod[];
}

export interface ScaleRequest extends HeldRequest {
  readonly replicas: number;
  /** The numbers that it may have now. Absent: whatever it has. */
  readonly expects?: readonly number[];
  /** The pods that shall go by it. */
  readonly leaving: readonly PodRef[];
}

export interface BornRequest extends HeldRequest {
  /** So many pods must be there. */
  readonly replicas: number;
  /** How many of the newest are asked for. */
  readonly count: number;
  /** UIDs that are none of them: of pods from before, which may be as young. */
  readonly except: readonly string[];
  /** Since when it is waited, ISO 8601. */
  readonly since: string;
  readonly timeoutMs: number;
  /** Of the template: what they are expected to run. */
  readonly images: Images;
}

export interface Born {
  /** The newest last; `from` where an admission webhook has given one other images. */
  readonly pods: readonly PlannedPod[];
}

export interface LeftRequest extends HeldRequest {
  readonly pods: readonly PodRef[];
  /** How many pods are left. */
  readonly replicas: number;
  readonly since: string;
  readonly timeoutMs: number;
}

export interface Left {
  /** Names of pods that are still there, as others went. */
  readonly stayed: readonly string[];
}

export interface ScalersRequest extends HeldRequest {
  readonly scalers: readonly string[];
  readonly from: number;
  readonly to: number;
  /** Their bounds shall hold `to`. */
  readonly bound: boolean;
}
