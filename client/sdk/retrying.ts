import type { WorkflowExecutionDescription } from '@temporalio/client';
import { type ErrorCode, isErrorCode, SluiceError } from '../../workflows/contract/errors.ts';

/** A step that fails and is tried again by itself: why a release seems to stand still. */
export interface Retrying {
  /** Name of the activity: `plan`, `patch`, … */
  readonly step: string;
  /** Which try is under way or comes next, from 2. */
  readonly attempt: number;
  /** Of the error table, where the failure has one. */
  readonly code?: ErrorCode;
  /** Why the last try failed. */
  readonly reason: string;
}

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** temporal.api.enums.v1.PendingActivityState */
const started = 2;

/** The steps of one execution that are being tried again, from its description. */
export function retryingOf({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): Retrying[] {
  return (raw.pendingActivities ?? []).flatMap((activity) => {
    const retry = toRetrying(activity);
    return retry === undefined ? [] : [retry];
  });
}

function toRetrying({ activityType, attempt, lastFailure, state }: PendingActivity): Retrying | undefined {
  if (!lastFailure || !attempt || attempt < 2) return undefined;
  // Its worker had died, and another one has taken it up: that is over.
  const isRunning = (state as number | undefined) === started;
  if (isRunning && !lastFailure.applicationFailureInfo) return undefined;
  const type = lastFailure.applicationFailureInfo?.type;
  return {
    step: activityType?.name ?? '',
    attempt,
    reason: lastFailure.message ?? '',
    ...(isErrorCode(type) && { code: type }),
  };
}

/** Tries after which waiting for a plan is given up: about four seconds. */
const patience = 4;

/** The error for a step that fails again and again; undefined while there is hope. */
export function givenUp(retrying: readonly Retrying[], what: string): SluiceError | undefined {
  const stuck = retrying.find(({ attempt }) => attempt >= patience);
  if (stuck === undefined) return undefined;
  return new SluiceError(stuck.code ?? 'INTERNAL', `${what}: ${stuck.reason}`, {
    details: { step: stuck.step, attempt: stuck.attempt },
  });
}
