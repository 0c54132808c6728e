import { isBeside } from './blueGreen/plan.ts';
import type { PlanHead } from './plan.ts';

/** Whether `maxUnavailable` bounds what it does, and is worth telling: it changes the pods that there are, batch by batch. */
export const isBounded = (plan: PlanHead): boolean =>
  plan.scale === undefined && plan.drain === undefined && !isBeside(plan);
