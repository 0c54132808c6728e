import type { Target } from '../names.ts';
import type { ReleaseRecord } from '../record.ts';
import type { SettledEnd } from '../status.ts';
import type { NotifyTarget } from '../traffic.schema.ts';

export interface RecordRequest {
  readonly target: Target;
  /** UID of the workload: one that was made anew does not get it. */
  readonly uid: string;
  readonly record: ReleaseRecord;
}

export interface HistoryRequest {
  readonly target: Target;
}

export interface NotifyRequest {
  readonly targets: readonly NotifyTarget[];
  readonly event: ReleaseEvent;
}

/** What a notifier sends. */
export interface ReleaseEvent {
  readonly id: string;
  readonly run: string;
  readonly kind: 'started' | 'gate' | 'failed' | 'rollingBack' | SettledEnd;
  readonly app: string;
  readonly version: string;
  readonly text: string;
  readonly at: string;
}
