import type { MessageName } from './messages.ts';
import type { Images } from './observation.ts';
import type { BatchStatus, Failure, Phase, Said } from './status.ts';

/**
 * What is kept of a release when it has ended: who, when, what, how it went. Plain data, kept in the cluster beside the
 * workload (activities/history/), where it outlives Temporal's retention. Times are ISO 8601 from the workflow's clock.
 */
export interface ReleaseRecord {
  readonly id: string;
  /** First run id: no two releases share it. */
  readonly run: string;
  readonly app: string;
  readonly initiator: string;
  /** The release whose place it took. */
  readonly supersedes?: { readonly run: string; readonly version: string };
  /** Why it was started, where that was said: `undo to revision 3`. */
  readonly reason?: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** How it ended. */
  readonly phase: Phase;
  /** The same in one sentence. */
  readonly text: string;
  readonly version: string;
  readonly fromVersion: string;
  /** It was a restart of that version. */
  readonly restart?: true;
  /** Containers reloaded: the template, and so the native history, has nothing of it. */
  readonly reload?: true;
  /** It changed the number of pods, and no image. */
  readonly scale?: { readonly from: number; readonly to: number };
  /** It took pods out of traffic and put them back, and changed nothing. */
  readonly drain?: true;
  readonly from: Images;
  readonly to: Images;
  /** Native revision that it became; only where it succeeded. */
  readonly revision?: number;
  readonly batches: readonly BatchRecord[];
  readonly gates: readonly GateRecord[];
  /** What people said besides approvals, oldest first. */
  readonly decisions: readonly Decision[];
  /** Who or what asked for the rollback, and why. */
  readonly rollback?: Said;
  readonly failure?: Failure;
  /** What could not be undone, by name. */
  readonly notUndone: readonly Failure[];
  /** As it was written, for a retry or an undo in the same manner. It holds references, never secrets. */
  readonly spec: unknown;
}

export interface BatchRecord {
  readonly name: string;
  readonly state: BatchStatus['state'];
  readonly pods: number;
  readonly failed: number;
  /** From its beginning to its end, its gate left out. */
  readonly seconds?: number;
}

export interface GateRecord {
  readonly id: string;
  readonly openedAt: string;
  /** Absent: the release ended there. */
  readonly passedAt?: string;
  /** How long it stood open, in ms: as its bake time, and for approvals beyond that. */
  readonly waitedMs: { readonly bake: number; readonly approval: number };
  readonly approvals: readonly Said[];
}

export interface Decision extends Said {
  readonly message: MessageName;
}

/** Whether it brought a version, or was to: a scale and a drain leave what pods run as it is. */
export const bringsVersion = ({ scale, drain }: Pick<ReleaseRecord, 'scale' | 'drain'>): boolean =>
  scale === undefined && drain === undefined;
