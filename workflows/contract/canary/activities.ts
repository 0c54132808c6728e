import type { HeldRequest } from '../activities/hold.ts';
import type { Quantity } from '../quantity.schema.ts';
import type { PlannedRoute, Split } from './plan.ts';

/** What a canary does besides, see ClusterActivities; the rest is that of blue/green. */
export interface CanaryActivities {
  /**
   * Makes the route split callers so, and the Service of the new version before that. More than nobody is sent to new pods
   * only when the EndpointSlices show them all ready.
   * @throws WORKLOAD_CHANGED where somebody else changed the route, POD_FAILED where the new pods are not ready in time,
   * ROUTE_NOT_HEEDED where the gateway reports that it does not follow
   */
  shift(request: ShiftRequest): Promise<void>;
  /**
   * The route as it was before the first `shift`, when the Service that it points to has ready endpoints. What somebody
   * else made of it meanwhile stays; only what is ours goes. Done where it is so.
   * @throws POD_FAILED where nobody would be called, ROUTE_NOT_HEEDED
   */
  unshift(request: UnshiftRequest): Promise<Unshifted>;
  /** Takes the Service of the new version away. Nobody may be sent there any more. */
  endCanary(request: RouteRequest): Promise<void>;
}

export interface RouteRequest extends HeldRequest {
  readonly route: PlannedRoute;
}

export interface UnshiftRequest extends RouteRequest {
  /** How long the Service may take to have ready endpoints, from `since`, ISO 8601. */
  readonly timeoutMs: number;
  readonly since: string;
}

export interface ShiftRequest extends UnshiftRequest {
  readonly split: Split;
  /** How many pods of the new version there are. */
  readonly share: Quantity;
  /** The route is not held yet. */
  readonly first?: true;
  /** People decided so: whatever somebody else wrote into the route. */
  readonly force?: true;
}

export interface Unshifted {
  /** What people must know: somebody else had changed it. */
  readonly note?: string;
}

/** How a route was left. */
export interface Routed {
  readonly route: PlannedRoute;
  readonly split: Split;
}
