import type { TrafficSnapshot } from './contract/activities/survey.ts';
import type { ErrorCode } from './contract/errors.ts';
import type { Images } from './contract/observation.ts';
import type { Begun, PlanHead, PlannedApproval, PlannedBatch, PlannedPod } from './contract/plan.ts';
import type { Decision, GateRecord } from './contract/record.ts';
import {
  type BatchStatus,
  type Failure,
  isOver,
  type LogEntry,
  type Operator,
  type Phase,
  type PodState,
  type RefusedMessage,
  type Said,
  type Superseded,
} from './contract/status.ts';
import type { Passage } from './contract/workflows.ts';

/**
 * Everything that a release knows, as immutable plain data: what is not in here does not survive a continue-as-new.
 * `receive.ts` says how a message changes it, `status.ts` what people see of it.
 */
export interface ReleaseState {
  /** Names the release, where it is not the first one of its workflow: the run in which it began. */
  readonly run?: string;
  /** The release whose place it took, and by which message. */
  readonly supersedes?: Superseded & { readonly updateId?: string; readonly reply: string };
  /** It has that release's hold of the workload, and is still to see to its own way in. */
  readonly takesOver?: true;
  /** Images by UID that pods had before the first of these releases, where those were not the template's. */
  readonly origins?: Readonly<Record<string, Images>>;
  /** Somebody asked for a newer version, and its plan was made: it takes the place of this one. */
  readonly superseding?: Superseding;
  /** An operator has the workload in hand, or gets it as soon as what is in flight is finished. */
  readonly operator?: Operator;
  /** Its holds were given up for an operator, or may have been: it is to hold the workload again before it goes on. */
  readonly regains?: true;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly phase: Phase;
  readonly plan?: PlanHead;
  /** How far the pull before the release is. */
  readonly pulled?: { readonly nodes: number; readonly of: number };
  /** Index of the batch that runs, or whose gate is open, or that comes next. */
  readonly index: number;
  readonly batches: readonly BatchState[];
  readonly paused?: Said;
  readonly gate?: OpenGate;
  /** Gates that opened, oldest first, for the record. */
  readonly gatesPassed?: readonly GateRecord[];
  /** What people said besides approvals, oldest first; bounded. */
  readonly decisions?: readonly Decision[];
  /** The release stopped at a failure and waits for somebody (`onFailure: Hold`, or somebody changed the workload). */
  readonly held?: { readonly failure: Failure; readonly since: string };
  /** What people decided about somebody else's change of the workload; carried out next. */
  readonly drift?: 'takeOver' | 'adopt';
  /** Somebody or something asked for the rollback. Never taken back. */
  readonly rollback?: Said;
  readonly failure?: Failure;
  /** Of a scale: the number of pods that it has set last. */
  readonly number?: number;
  /** The workload is being given back, all done: the one moment in which a rollback comes too late. */
  readonly final?: boolean;
  /** What has been done or begun, oldest first: a rollback undoes it in reverse order. */
  readonly steps: readonly Step[];
  readonly notUndone: readonly Failure[];
  readonly log: readonly LogEntry[];
  readonly refused: readonly RefusedMessage[];
}

/** What takes the place of a release. */
export interface Superseding {
  readonly said: Said;
  readonly spec: unknown;
  readonly version: string;
  readonly paused?: boolean;
  readonly gated?: unknown;
  readonly updateId?: string;
  /** What was answered, for whoever says the same again. */
  readonly reply: string;
}

/** Recorded before it is begun. */
export type Step =
  | 'acquire'
  | 'openTraffic'
  | 'pods'
  | 'commit'
  | 'scalers'
  | 'number'
  | 'services'
  | 'green'
  | 'split'
  | 'switch';

export interface OpenGate {
  readonly id: string;
  readonly since: string;
  /** End of the bake time, ISO 8601. */
  readonly bakedAt: string;
  readonly needs?: PlannedApproval;
  readonly approvals: readonly Said[];
  readonly expired?: boolean;
  /** When its checks had passed, ISO 8601: from then on an approval may expire. */
  readonly checkedAt?: string;
  /** An earlier run of the workflow has opened it. */
  readonly carried?: true;
  /** An approval ends its bake time, where none more is needed. */
  readonly early?: true;
  /** Its checks could not be decided, and somebody approved that it goes on without them. */
  readonly unchecked?: true;
}

export interface BatchState extends Omit<PlannedBatch, 'pods'> {
  readonly state: BatchStatus['state'];
  readonly workflow?: string;
  /** Of its last try, ISO 8601. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly pods: readonly PodEntry[];
}

/** One pod of a batch: what was planned, how it stood before its drain, and where it is. */
export interface PodEntry extends PlannedPod {
  readonly state: PodState;
  readonly reason?: string;
  /** Known as soon as its batch was prepared, before any drain. */
  readonly traffic?: TrafficSnapshot;
  /** It was taken out of traffic and is not back. */
  readonly outOfTraffic?: boolean;
  readonly passed?: readonly Passage[];
  /** The release before this one, whose place it took, has changed it: a rollback takes it back in any case. */
  readonly changed?: true;
  /** Its change failed when it was out of traffic: this release does not take it out once more. */
  readonly refused?: true;
}

/** What a change of the plan leads to, or why it may not be. */
export type Changed =
  | { readonly state: ReleaseState; readonly text: string }
  | { readonly code: ErrorCode; readonly text: string };

const kept = { log: 200, refused: 50, decisions: 50 };

/** A release that begins now, ISO 8601. `paused`: by whom, where it shall touch nothing yet. */
export function initialState(at: string, paused?: Said): ReleaseState {
  const begun = { startedAt: at, phase: 'planning' as const, index: 0 };
  return { ...begun, batches: [], steps: [], notUndone: [], log: [], refused: [], ...(paused && { paused }) };
}

/** `state` with one more line in its log. */
export function logged(state: ReleaseState, entry: LogEntry): ReleaseState {
  return { ...state, log: [...state.log, entry].slice(-kept.log) };
}

export function withRefusal(state: ReleaseState, refusal: RefusedMessage): ReleaseState {
  return { ...state, refused: [...state.refused, refusal].slice(-kept.refused) };
}

export function withDecision(state: ReleaseState, decision: Decision): ReleaseState {
  return { ...state, decisions: [...(state.decisions ?? []), decision].slice(-kept.decisions) };
}

/** `state` without its optional field `key`. */
export function without(
  state: ReleaseState,
  key: 'paused' | 'gate' | 'held' | 'drift' | 'superseding' | 'takesOver' | 'operator' | 'regains',
): ReleaseState {
  const { [key]: _, ...rest } = state;
  return rest;
}

/** How it ended, or ends: what failed before anything was touched has only its record to keep. Undefined while it goes on. */
export function endOf({ phase, failure, rollback }: ReleaseState): Phase | undefined {
  if (isOver(phase)) return phase;
  return failure !== undefined && rollback === undefined ? 'failed' : undefined;
}

/** Whether the way forward is to be left, with what is in flight finished: for a newer version, or for an operator. */
export const leavesOff = ({ superseding, operator }: ReleaseState): boolean =>
  superseding !== undefined || operator !== undefined;

/** Whether it is held because checks at its gate could not be decided. */
export const isUndecided = ({ held }: Pick<ReleaseState, 'held'>): boolean => held?.failure.code === 'CHECK_UNDECIDED';

/** Whether a pod may have been changed: by this release, or by one whose place it took. */
export const isTouched = ({ state, changed }: PodEntry): boolean =>
  state !== 'gone' && (state !== 'queued' || changed === true);

/** A planned batch before it begins. */
export const waitingBatch = ({ pods, ...batch }: PlannedBatch): BatchState => ({
  ...batch,
  state: 'waiting',
  pods: pods.map((pod) => ({ ...pod, state: 'queued' })),
});

export function withBatch(state: ReleaseState, index: number, change: (batch: BatchState) => BatchState): ReleaseState {
  return { ...state, batches: state.batches.map((batch, at) => (at === index ? change(batch) : batch)) };
}

/** The number of `batch-3`, 0 of the gray group. */
export const numberOf = (name: string): number => Number(/^(?:batch|rest)-(\d+)$/.exec(name)?.[1] ?? 0);

/** What these batches, which have all begun, come to. */
export function begunOf(batches: readonly BatchState[]): Begun {
  const begun = batches.filter(({ name }) => name !== 'gray');
  return {
    batches: Math.max(0, ...begun.map(({ name }) => numberOf(name))),
    pods: begun.flatMap(({ pods }) => pods).filter(({ state }) => state !== 'gone').length,
  };
}
