import type { QuotaShort } from '../blueGreen/observation.ts';
import type { PlannedRoute } from './plan.ts';

/** What a canary looks at besides. */
export interface CanaryObservation {
  /** Services that would be pointed at old or new pods, fit for it. */
  readonly services: readonly string[];
  /** Fit to split callers as every step asks. */
  readonly route?: PlannedRoute;
  /** What ResourceQuotas leave too little of for all pods twice. */
  readonly short: readonly QuotaShort[];
}
