import type { CheckSpec } from './check.schema.ts';

const looksAtOnePod = (check: CheckSpec): boolean => 'http' in check;

/** Checks that look at one pod: they run in the pump, before the pod gets traffic. */
export const podChecks = (checks: readonly CheckSpec[]): readonly CheckSpec[] => checks.filter(looksAtOnePod);

/** Checks that look at the whole workload: they run at the gate, after the bake time. */
export const gateChecks = (checks: readonly CheckSpec[]): readonly CheckSpec[] =>
  checks.filter((check) => !looksAtOnePod(check));
