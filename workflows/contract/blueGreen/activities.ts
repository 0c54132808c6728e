import type { CommitRequest, HeldRequest } from '../activities/hold.ts';
import type { Routed } from '../canary/activities.ts';
import type { Images } from '../observation.ts';
import type { PlannedPod } from '../plan.ts';
import type { Quantity } from '../quantity.schema.ts';

/**
 * What blue/green does besides, see ClusterActivities. Blue is the ReplicaSet that a Deployment has, green the one of the
 * new version beside it; which of them a Service sends callers to is said by `pod-template-hash` in its selector.
 */
export interface BlueGreenActivities {
  /**
   * Brings the green ReplicaSet to the number of the Deployment, or a share of it, and answers its pods, with what they run, when they are
   * there.
   * @throws POD_FAILED where they do not come: a quota, an admission webhook
   */
  green(request: GreenRequest): Promise<Green>;
  /**
   * Makes the Services send callers to one side, and sees that they do. Answers the pods of the other side, which are
   * called no more.
   * @throws WORKLOAD_CHANGED where somebody else changed a selector, POD_FAILED where that side is not ready in time
   */
  point(request: PointRequest): Promise<Pointed>;
  /**
   * Stays until something is not as it was left, at most some minutes: a selector, the workload, the last ready pod of the
   * side that serves. Green follows the number of the Deployment meanwhile. @throws WORKLOAD_CHANGED, POD_FAILED
   */
  guard(request: GuardRequest): Promise<void>;
  /** Makes green the Deployment's own ReplicaSet, and blue one of its history. Returns when no pod of blue is left. */
  adopt(request: CommitRequest): Promise<void>;
  /** Undoes `adopt`, whole or half: blue is the Deployment's own again, green stands beside it. */
  disown(request: CommitRequest): Promise<void>;
  /** Takes green away, pods and all. Done where there is none. */
  removeGreen(request: HeldRequest): Promise<void>;
}

/** How many pods green has, of the number of the Deployment; absent: as many. */
export interface Share {
  readonly share?: Quantity;
}

export interface GreenRequest extends HeldRequest, Share {
  /** Since when it is waited, ISO 8601. */
  readonly since: string;
  readonly timeoutMs: number;
}

export interface Green {
  readonly pods: readonly (PlannedPod & { readonly images: Images })[];
}

export interface Pointed {
  readonly others: readonly PlannedPod[];
}

/** Both: as it was before the release. */
export type Side = 'blue' | 'green' | 'both';

export interface PointRequest extends HeldRequest {
  readonly services: readonly string[];
  readonly to: Side;
  /** They are not held yet: one that is pinned to nothing was not tampered with. */
  readonly first?: true;
  /** With `both`: the Services stay held, to be pointed at one side again. */
  readonly keep?: true;
  /** They are held and send callers to both sides: that is how they were left. */
  readonly shared?: true;
  /** A rollback, or the end: a Service that is gone or is another's by now is left alone. */
  readonly lenient?: true;
  /** People decided so: whatever somebody else wrote into the selector under our key. */
  readonly force?: true;
  /** How long that side may take to be ready, from `since`, ISO 8601. */
  readonly timeoutMs: number;
  readonly since: string;
}

export interface GuardRequest extends HeldRequest, Share {
  readonly services: readonly string[];
  /** Who is called; `both`: the Services are held without our key. */
  readonly side: Side;
  /** Mode Canary: a route that splits callers. */
  readonly routed?: Routed;
  /** Services that show green all the time. */
  readonly previews: readonly string[];
}
