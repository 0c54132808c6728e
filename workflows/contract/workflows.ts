import type { HeldRequest, PodFailure, PodNote, TrafficSnapshot } from './activities.ts';
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
  /** In the order in which they are admitted. */
  readonly pods: readonly BatchPod[];
  /** What the pods shall run, unless the pod says otherwise. */
  readonly images: Images;
  readonly maxUnavailable: number;
  /** Pods of the workload outside this batch that are out of service: they count against maxUnavailable. */
  readonly downElsewhere: number;
  readonly traffic: PlannedTraffic;
  readonly checks: readonly CheckSpec[];
  readonly minReadyMs: number;
  readonly readyTimeoutMs: number;
  /** Rollback: every pod is brought back; one that fails does not stop the others. */
  readonly undo: boolean;
  readonly paused: boolean;
  /** What is settled already, when the batch continued as new. */
  readonly settled?: BatchResult;
}

export interface BatchPod extends PodRef {
  readonly images?: Images;
  readonly traffic?: TrafficSnapshot;
  readonly wasReady: boolean;
  /** It is out of traffic already and never came back (a rollback of a stopped batch): it starts with the patch. */
  readonly outOfTraffic?: boolean;
}

/** The stages of the pump, in order. */
export const stages = ['drain', 'silence', 'patch', 'wait', 'check', 'restore'] as const;
export type Stage = (typeof stages)[number];

/** What became of the pods, each by name in exactly one list. */
export interface BatchResult {
  readonly done: readonly string[];
  readonly failed: readonly (PodFailure & { readonly stage: Stage })[];
  readonly gone: readonly string[];
  /** Admitted, and neither done nor failed when the batch was stopped. */
  readonly stopped: readonly { readonly pod: string; readonly stage: Stage }[];
  /** Never admitted: untouched. */
  readonly queued: readonly string[];
  /** What people must know of pods that are done. */
  readonly notes: readonly PodNote[];
}

/** Signals from a release to its batch. `stop`: admit nothing, give up waiting, and say what became of the pods. */
export const batchSignals = { pause: 'pause', resume: 'resume', stop: 'stop' } as const;
