import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import type { PlannedRoute, Split } from '../../workflows/contract/canary/plan.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Access } from '../ports.ts';

/** The two Services that callers are split between. */
export type Sides = Pick<PlannedRoute, 'name' | 'service' | 'canary'> & { readonly namespace: string };

/** What can stand in front of a Service and split callers: one file of this folder each. */
export interface Router {
  readonly access: readonly Access[];
  /** That it can split callers in each of these ways; writes nothing. @throws ROUTE_NOT_FOUND, ROUTE_UNFIT, PATCH_REFUSED */
  inspect(kube: Connection, held: HeldRequest, sides: Sides, splits: readonly Split[]): Promise<void>;
  /**
   * Makes it split callers so, and keeps on it what it was before. `first`: it is not held yet; `force`: whatever somebody
   * else made of it. @throws WORKLOAD_CHANGED
   */
  split(
    kube: Connection,
    held: HeldRequest,
    sides: Sides,
    split: Split,
    how: { readonly first?: true; readonly force?: true },
  ): Promise<void>;
  /** @throws WORKLOAD_CHANGED unless it is as `split` left it */
  requireSplit(kube: Connection, held: HeldRequest, sides: Sides, split: Split): Promise<void>;
  /** Why it is not in force yet as it is now, as whoever follows it reports; undefined where it is, or nobody reports. */
  lag(kube: Connection, sides: Sides): Promise<string | undefined>;
  /** Whether anybody can come to the new version by it. */
  reaches(kube: Connection, sides: Sides): Promise<boolean>;
  /** Nobody comes to the new version by it, and it is as it was before the first `split`; of what somebody else changed only what is ours goes, and that is answered. */
  restore(kube: Connection, held: HeldRequest, sides: Sides): Promise<'exact' | 'stripped' | 'gone'>;
  /** Takes away what it made beside it. Nobody may come by that any more. */
  end?(kube: Connection, held: HeldRequest, sides: Sides): Promise<void>;
  /** Those that a release left held which was terminated. None where it may not look. */
  left(kube: Connection, held: HeldRequest): Promise<readonly Sides[]>;
}
