import { readBefore } from '../holder.ts';
import type { Deployment } from '../wire.ts';

/** Annotation of Deployment and ReplicaSet with the number that `kubectl rollout history` shows. */
export const revisionKey = 'deployment.kubernetes.io/revision';

/** Annotation of a ReplicaSet with the numbers that it had before, where its version came back. */
export const earlierKey = 'deployment.kubernetes.io/revision-history';

/** What a Deployment was before it was acquired (marks.before), so that a crashed release can be put back. */
export interface Trail {
  readonly paused: boolean;
  /** Its change-cause; null where it had none. */
  readonly cause: string | null;
  /** The ReplicaSet that its pods belong to. */
  readonly replicaSet: string;
  /** Of blue/green, when another one was made its own: the one from before. */
  readonly earlier?: string;
}

/** The trail on `deployment`; undefined where there is none, or where somebody has made it unreadable. */
export function readTrail(deployment: Deployment): Trail | undefined {
  const value = readBefore(deployment);
  return isTrail(value) ? value : undefined;
}

function isTrail(value: unknown): value is Trail {
  return (
    typeof value === 'object' &&
    value !== null &&
    'paused' in value &&
    typeof value.paused === 'boolean' &&
    'replicaSet' in value &&
    typeof value.replicaSet === 'string' &&
    'cause' in value &&
    (value.cause === null || typeof value.cause === 'string')
  );
}
