/** What blue/green looks at besides. */
export interface BlueGreenObservation {
  /** Services that would be switched, fit for it. */
  readonly services: readonly string[];
  /** What ResourceQuotas leave too little of for all pods twice. */
  readonly short: readonly QuotaShort[];
}

export interface QuotaShort {
  readonly quota: string;
  /** As the quota names it: `pods`, `requests.cpu`. */
  readonly resource: string;
  /** As the API writes quantities. */
  readonly hard: string;
  readonly used: string;
}
