import type { PodFailure, PodNote, PodRules, Successor } from './activities/handful.ts';
import type { Births, HeldRequest } from './activities/hold.ts';
import type { TrafficSnapshot } from './activities/survey.ts';
import type { Target } from './names.ts';
import type { BudgetRoom, Images } from './observation.ts';
import type { ContainerOrder, PlannedLimits, PodRef } from './plan.ts';
import type { TrafficSource } from './traffic.schema.ts';

/** Input of the `release` workflow. A person may type it in the Temporal UI. */
export interface ReleaseInput {
  /** A release spec; validated by the first activity. */
  readonly spec: unknown;
  readonly initiator?: string;
  /** Why it was started, where that is not the spec alone: `undo to revision 3`. Kept in its record. */
  readonly reason?: string;
  /** The spec before its gates were left out for this once: what the next release in its manner goes by. */
  readonly gated?: unknown;
  /** It plans, and touches nothing before somebody resumes it. */
  readonly paused?: boolean;
}

/** Input of the `plan` workflow, which touches nothing and returns the Plan. */
export interface PlanInput {
  readonly spec: unknown;
}

/** Input of the `history` workflow, which touches nothing and returns the History. */
export interface HistoryInput {
  readonly target: Target;
}

/** Input of the `traffic` workflow, which touches nothing and returns the TrafficLook. */
export interface TrafficInput {
  readonly target: Target;
  /** Besides the Services that select its pods. */
  readonly through: readonly TrafficSource[];
}

/** Input of the `batch` workflow, a child of the release: bring these pods to these images. */
export interface BatchInput extends HeldRequest, PodRules {
  readonly name: string;
  /** In the order in which they are admitted. */
  readonly pods: readonly BatchPod[];
  /** Groups of containers that change one after another in each pod. None: all at once. */
  readonly order?: ContainerOrder;
  /** Pods are made anew: from what. */
  readonly births?: Births;
  /** Before the old ones go: `maxUnavailable` newborns at once stand beside those. */
  readonly surge?: true;
  readonly maxUnavailable: number;
  /** Pods of the workload outside this batch that are out of service: they count against maxUnavailable. */
  readonly downElsewhere: number;
  /** The tightest PodDisruptionBudget, looked at again and again while pods are queued. A rollback has none. */
  readonly budget?: BudgetRoom;
  /** So many of the pods may fail; one more stops the batch. A rollback is stopped by none. */
  readonly mayFail: number;
  /** So long after a pod is back its place is not free. None in a rollback. */
  readonly warmUpMs?: number;
  /** At which shares of its weight it is meanwhile. */
  readonly warmUpWeights?: readonly number[];
  /** None in a rollback. */
  readonly limits?: PlannedLimits;
  readonly paused: boolean;
  /** These stages and no others: a scale changes no image. */
  readonly only?: readonly Stage[];
  /** What becomes of its pods, where that is not the new version: `taken out of traffic`. */
  readonly doing?: string;
  /** What is settled already, and how long it took, when the batch continued as new. */
  readonly earlier?: { readonly result: BatchResult; readonly spentMs: number };
}

export interface BatchPod extends PodRef {
  readonly images?: Images;
  readonly traffic?: TrafficSnapshot;
  readonly wasReady: boolean;
  /** It is out of traffic already and never came back (a rollback of a stopped batch): it starts with the patch. */
  readonly outOfTraffic?: boolean;
}

/** The stages of the pump, in order. */
export const stages = ['drain', 'silence', 'patch', 'recreate', 'wait', 'check', 'restore', 'warm', 'retire'] as const;
export type Stage = (typeof stages)[number];

/** Whether a pod in this stage is, or may be, back in traffic. */
export const mayBeBack = (stage: Stage): boolean => stages.indexOf(stage) >= stages.indexOf('restore');

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
  /** Who is in the place of pods that were made anew: the lists above name those. */
  readonly became?: readonly Successor[];
  /** What each pod went through, by the name that it had when the batch began. */
  readonly passed?: Readonly<Record<string, readonly Passage[]>>;
  /** It was stopped because a time limit was over. */
  readonly overdue?: Overdue;
}

/** What a pod became, and when, see passages.ts: short, as there are tens of thousands in one payload. */
export type Passage = string;

export interface Overdue {
  readonly code: 'BATCH_TIMEOUT' | 'PROGRESS_DEADLINE_EXCEEDED';
  /** For people. */
  readonly reason: string;
}

/**
 * Signals from a release to its batch. `stop`: admit nothing, give up waiting, and say what became of the pods.
 * `finish`: admit nothing, see those in hand through, and say the same.
 */
export const batchSignals = { pause: 'pause', resume: 'resume', stop: 'stop', finish: 'finish' } as const;
