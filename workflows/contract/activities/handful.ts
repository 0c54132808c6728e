import type { CheckSpec } from '../check.schema.ts';
import type { ErrorCode } from '../errors.ts';
import type { PlannedHotSwap, SwapStep } from '../hotSwap/plan.ts';
import type { Images } from '../observation.ts';
import type { PlannedTraffic, PodRef } from '../plan.ts';
import type { PlannedReload } from '../reload.ts';
import type { ContainerResources } from '../resize.ts';
import type { TrafficSource } from '../traffic.schema.ts';
import type { WarmUp } from '../warmUp.ts';
import type { Births, HeldRequest } from './hold.ts';
import type { TrafficSnapshot } from './survey.ts';

export interface HandfulPod extends PodRef {
  /** Whether it was ready before its release. A rollback asks no more of a pod than that. */
  readonly wasReady: boolean;
  /** What it shall run; by container, only those that change. */
  readonly images?: Images;
  readonly traffic?: TrafficSnapshot;
  /** Of one that warms up: the share of its own weight that is due, percent; absent: all of it. */
  readonly share?: number;
  /** When the workflow handed it to this stage for the first time, ISO 8601: for time-outs that outlive a retry. */
  readonly since: string;
}

/** Pods that are out of traffic, each with how it stood before. */
export interface KeepOutRequest extends HeldRequest {
  readonly through: readonly TrafficSource[];
  readonly pods: readonly (PodRef & Pick<HandfulPod, 'traffic'>)[];
}

/** What becomes of the pods of a batch, whichever handful they come in. */
export interface PodRules {
  /** What the pods shall run, unless the pod says otherwise. */
  readonly images: Images;
  /** What their containers shall ask for and may have, where that changes in the pods that live. */
  readonly resources?: ContainerResources;
  readonly traffic: PlannedTraffic;
  readonly checks: readonly CheckSpec[];
  readonly minReadyMs: number;
  readonly readyTimeoutMs: number;
  /** Containers reload instead; `images` are empty. */
  readonly reload?: PlannedReload;
  /** Connections are handed over within each pod: forward `images` count for nothing, in a rollback they are what was in the pair. */
  readonly hotSwap?: PlannedHotSwap;
  /** A rollback: a pod that was not ready before (`wasReady`) is done as soon as it runs the wanted images. */
  readonly undo: boolean;
}

/** One handful of pods for one stage of the pump. */
export interface HandfulRequest extends HeldRequest, PodRules {
  readonly batch: string;
  readonly pods: readonly HandfulPod[];
  /** Pods are made anew: from what. */
  readonly births?: Births;
  /** Before the old ones go: those are set apart, and go in `retire`. */
  readonly surge?: true;
  /** Those that are put back come with less callers at first. */
  readonly warmUp?: WarmUp;
  /** The containers of a pod change one after another: whose turn it is. `images` are those up to them. */
  readonly turn?: Turn;
  /**
   * Stages that the call may go on with for the pods that are done with its own, as long as that goes quickly (below a
   * second): what it saves is a round trip through Temporal for each stage.
   */
  readonly goOn?: readonly CarriedStage[];
  /** `version` of the drain before this one, which another worker may have made: judge by nothing older. */
  readonly version?: string;
  /** Pods are about to leave service: who else of the workload is out of it now is told too, see {@link Handful.down}. */
  readonly tellsDown?: true;
}

export interface SweepRequest extends HeldRequest {
  readonly traffic: PlannedTraffic;
  readonly readyTimeoutMs: number;
}

export interface Turn {
  readonly containers: readonly string[];
  /** None comes after them. Until then a pod need not be ready as a whole: those that have changed must be. */
  readonly last: boolean;
  /** Of a hot swap. */
  readonly step?: SwapStep;
}

export type CarriedStage = 'patch' | 'wait' | 'restore';

/** Answer per pod, by name; each pod of the request is in exactly one list. */
export interface Handful {
  readonly done: readonly string[];
  readonly failed: readonly PodFailure[];
  /** Try again. */
  readonly later: readonly string[];
  /** No pod of that name and UID any more. */
  readonly gone: readonly string[];
  /**
   * Of those that are `later`: they had come back into traffic by themselves, and were taken out again. Callers may have found
   * them anew, so their time in this stage begins again.
   */
  readonly again?: readonly string[];
  /** Of those that are done: they were so before this batch, and nothing was written. */
  readonly asWas?: readonly string[];
  /** What people must know of pods that are done: silence that could not be proven, a Service left without endpoint. */
  readonly notes?: readonly PodNote[];
  /** What those that are to be tried again wait for, where that is known: `3 connections left: …`. */
  readonly waits?: readonly PodNote[];
  /** Of a drain: resourceVersion of its last write to a pod. */
  readonly version?: string;
  /** The call went on with those that are done: what became of each of them in the stage that follows. */
  readonly wentOn?: {
    readonly stage: CarriedStage;
    readonly answer: Handful;
    /** How long that stage took, without those after it. */
    readonly tookMs?: number;
  };
  /** Other pods of the workload that were not ready when the call ended, where that was asked for; none: left out. */
  readonly down?: readonly string[];
  /** Of pods that are done because they were made anew: who is in their place from now on. */
  readonly became?: readonly Successor[];
}

/** A pod in the place of another one. */
export interface Successor extends PodRef {
  /** Name of the one that it replaces. */
  readonly pod: string;
}

export interface PodNote {
  readonly pod: string;
  /** One sentence for the status: `Silence could not be proven (the image has no cat); waited 5s instead.` */
  readonly text: string;
}

export interface PodFailure {
  readonly pod: string;
  readonly code: ErrorCode;
  /** For people: `CrashLoopBackOff: back-off 10s restarting failed container app`. */
  readonly reason: string;
}
