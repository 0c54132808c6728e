import type { PlanWarning } from './plan.ts';

/** A warning of a plan, where it applies. */
export const warn = (when: boolean, code: PlanWarning['code'], message: string): PlanWarning[] =>
  when ? [{ code, message }] : [];
