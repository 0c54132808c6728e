import type { ErrorCode } from './errors.ts';
import type { MessageName } from './messages.ts';
import type { Target } from './names.ts';
import type { PlanHead, PodRef } from './plan.ts';

export const phases = [
  'planning',
  'pulling',
  'acquiring',
  'batch',
  'gate',
  'held',
  'manual',
  'committing',
  'rollingBack',
  'succeeded',
  'rolledBack',
  'handedOver',
  'superseded',
  'failed',
] as const;
/**
 * Where a release is. The last five are ends. `handedOver`: people decided to keep somebody else's change of the
 * workload; `superseded`: a release of a newer version took its place, and the workload with it; `failed`: something is not undone, or it never began.
 */
export type Phase = (typeof phases)[number];

/** Ends at which nothing is left to do for anybody. */
const settledEnds = ['succeeded', 'rolledBack', 'handedOver', 'superseded'] as const;
export type SettledEnd = (typeof settledEnds)[number];

export const isSettled = (phase: Phase): phase is SettledEnd => settledEnds.some((end) => end === phase);

export const isOver = (phase: Phase): boolean => isSettled(phase) || phase === 'failed';

/** Where a pod is in the pump. `out`: a drain keeps it out of traffic; `gone`: it vanished; `failed`: see its reason; `undone`: back on the old version. */
export type PodState =
  | 'queued'
  | 'drain'
  | 'silence'
  | 'patch'
  | 'recreate'
  | 'wait'
  | 'check'
  | 'out'
  | 'restore'
  | 'warm'
  | 'retire'
  | 'done'
  | 'failed'
  | 'gone'
  | 'undone';

export interface PodStatus extends PodRef {
  readonly state: PodState;
  readonly node?: string;
  readonly reason?: string;
  /** Of one in hand, where that is known: `3 connections left: 2 from 10.0.0.5 (pod web-1), …`. */
  readonly waitsFor?: string;
  /** Of one that a running batch has made anew: the name of the pod in whose place it is. */
  readonly replaces?: string;
  /** What it has been through, oldest first; a rollback comes after the way forward. */
  readonly log?: readonly PodMoment[];
}

/**
 * `out`: taken out of all that `traffic.through` names; `silent`: no caller is left; `patched`, or `recreated` as another pod;
 * `ready`, as Kubernetes says; `checked`; `back` in traffic, seen there; `retired`: the one beside it went.
 */
export interface PodMoment {
  readonly at: string;
  readonly is: 'out' | 'silent' | 'patched' | 'recreated' | 'ready' | 'checked' | 'back' | 'retired' | 'failed';
}

/** What everyone reads. Times are ISO 8601 from the workflow's clock. */
export interface ReleaseStatus {
  readonly id: string;
  /** Names this release among those of the same workload: its first run id. */
  readonly run: string;
  readonly app: string;
  readonly target: Target;
  readonly version: string;
  readonly fromVersion: string;
  /** It restarts that version and changes nothing else. */
  readonly restart?: true;
  /** Containers reload and nothing restarts: no revision comes of it. */
  readonly reload?: true;
  /** It changes the number of pods and nothing else. */
  readonly scale?: { readonly from: number; readonly to: number };
  /** It takes pods out of traffic and puts them back, and changes nothing. */
  readonly drain?: true;
  readonly initiator: string;
  /** The release whose place it took. */
  readonly supersedes?: Superseded;
  /** The version that takes its place as soon as what is in hand is finished; at its end: that has taken it. */
  readonly supersededBy?: { readonly version: string; readonly by: string };
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly phase: Phase;
  /** One sentence: what it does or waits for now. */
  readonly text: string;
  readonly paused?: Said;
  /** Who has the workload in hand, or gets it as soon as what is in flight is finished; since when it has been given. */
  readonly operator?: Operator;
  /** What it waits for, if it waits for somebody or something. */
  readonly waiting?: Waiting;
  readonly batches: readonly BatchStatus[];
  readonly progress: { readonly total: number; readonly done: number; readonly failed: number };
  /** Everything that was decided and done, oldest first; bounded, the oldest are dropped. */
  readonly log: readonly LogEntry[];
  /** Messages that changed nothing, with the reason; bounded. */
  readonly refused: readonly RefusedMessage[];
  readonly failure?: Failure;
  /** What could not be undone, each with its name and reason. */
  readonly notUndone: readonly Failure[];
  /** What is planned besides the batches, which are above with their pods. */
  readonly plan?: PlanHead;
}

/** A release that ended because another one took its place. */
export interface Superseded {
  readonly run: string;
  readonly version: string;
  /** How it ended, one sentence. */
  readonly text: string;
}

export interface Said {
  readonly by: string;
  readonly verified: boolean;
  readonly at: string;
  readonly reason?: string;
}

export interface Operator extends Said {
  readonly since?: string;
}

export interface Waiting {
  /** `budget`: too many pods are out of service to start the next one. */
  readonly for: 'approval' | 'bake' | 'resume' | 'hold' | 'budget' | 'operator';
  readonly gate?: string;
  readonly since: string;
  readonly until?: string;
  /** Of a bake time: `approve` ends it. */
  readonly early?: true;
  /** Of a budget, one sentence: whose it is, and who uses it up. */
  readonly text?: string;
  /** Approvals so far and needed. */
  readonly approvals?: { readonly have: readonly Said[]; readonly required: number; readonly from: readonly string[] };
}

export interface BatchStatus {
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'undoing' | 'undone';
  /** Workflow id of the child that runs it or ran it last. */
  readonly workflow?: string;
  readonly pods: readonly PodStatus[];
}

export interface LogEntry {
  readonly at: string;
  readonly text: string;
  readonly by?: string;
}

export interface RefusedMessage {
  readonly at: string;
  readonly name: MessageName;
  readonly by: string;
  readonly code: ErrorCode;
  readonly text: string;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly text: string;
  readonly next: string;
}

/** Answer of the `status` query of a batch: the pods it has in hand, for the live view. */
export interface BatchProgress {
  readonly pods: readonly PodStatus[];
  /** Nothing is in hand, and too many pods are out of service to go on. */
  readonly waiting?: Waiting;
}

/** Result of the `release` workflow. */
export interface ReleaseResult {
  readonly phase: SettledEnd;
  readonly text: string;
  readonly pods: number;
  readonly failure?: Failure;
}
