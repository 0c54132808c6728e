import type { CheckSpec } from '../../workflows/contract/check.schema.ts';
import type { Check, CheckDeps } from '../ports.ts';
import { httpCheck } from './http.ts';
import { prometheusCheck } from './prometheus.ts';

/** The registry of checks: one entry for each key of the spec. */
export function createCheck(check: CheckSpec, deps: CheckDeps): Check {
  if ('http' in check) return httpCheck(check.http, deps);
  return prometheusCheck(check.prometheus, deps);
}
