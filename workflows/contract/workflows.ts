import type { HeldRequest, PodFailure } from './activities.ts';
import type { CheckSpec } from './check.schema.ts';
import type { Images } from './observation.ts';
import type { PlannedTraffic, PodRef } from './plan.ts';

/** Input of the `release` workflow. A person may type it in the Temporal UI. */
export interface ReleaseInput {
  /** A release spec; validated by the first activity. */
  readonly spec: unknown;
  readonly initiator?: string;
}

/** Input of the `plan` workflow, which touches nothing and returns the Plan. */
export interface PlanInput {
  readonly spec: unknown;
}

/** Input of the `batch` workflow, a child of the release: bring these pods to these images. */
export interface BatchInput extends HeldRequest {
  readonly name: string;
  readonly pods: readonly BatchPod[];
  readonly images: Images;
  readonly maxUnavailable: number;
  readonly traffic: PlannedTraffic;
  readonly checks: readonly CheckSpec[];
  readonly minReadyMs: number;
  readonly readyTimeoutMs: number;
  /** Rollback: every pod is brought back, a failed one does not stop the others. */
  readonly undo: boolean;
  readonly paused: boolean;
}

export interface BatchPod extends PodRef {
  readonly images?: Images;
}

/** What became of the pods, by name. `untouched` pods were never admitted; `touched` ones were, and are neither done nor failed (the batch was stopped). */
export interface BatchResult {
  readonly done: readonly string[];
  readonly failed: readonly PodFailure[];
  readonly gone: readonly string[];
  readonly touched: readonly string[];
  readonly untouched: readonly string[];
}

/** Signals from a release to its batch. */
export const batchSignals = { pause: 'pause', resume: 'resume', stop: 'stop' } as const;
