import type { Images } from '../observation.ts';
import type { HeldRequest } from './hold.ts';

export interface PrePullRequest extends HeldRequest {
  readonly images: Images;
  readonly nodes: readonly PullNode[];
  /** How long one node may take, from its `since`. */
  readonly timeoutMs: number;
}

export interface PullNode {
  readonly node: string;
  /** When the workflow handed it over for the first time, ISO 8601. */
  readonly since: string;
}

/** Answer per node; each node of the request is in exactly one list. */
export interface PrePulled {
  readonly done: readonly string[];
  readonly failed: readonly PullFailure[];
  readonly later: readonly string[];
}

export interface PullFailure {
  readonly node: string;
  /** IMAGE_PULL_FAILED: a pod that is changed there would not come back. PRE_PULL_FAILED: nobody knows. */
  readonly code: 'IMAGE_PULL_FAILED' | 'PRE_PULL_FAILED';
  readonly reason: string;
}
