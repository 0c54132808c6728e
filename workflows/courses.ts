import { blueGreen } from './blueGreen/index.ts';
import { canary } from './canary/index.ts';
import { compensate } from './compensate.ts';
import type { PlanHead, PlannedMode } from './contract/plan.ts';
import { forward } from './forward.ts';
import { handOver } from './handOver.ts';
import { unheld } from './hold.ts';
import type { Course } from './live.ts';
import { beginAnew, lendAfterGoingBack } from './operator/beside.ts';
import { lend } from './operator/lend.ts';
import { regainToUndo } from './operator/regain.ts';

export type ModeCourse = Omit<Course, 'next'>;

const inBatches: ModeCourse = { forward, compensate, handOver, operator: { lend, regain: regainToUndo } };

/** New pods stand beside the old: they go before an operator has the workload, and nothing of it is to be held again by then. */
const beside = ({ forward: onward, ...course }: Omit<ModeCourse, 'operator'>): ModeCourse => ({
  ...course,
  forward: async (book, input) => {
    await unheld(book);
    const { plan, regains } = book.state;
    if (plan !== undefined && regains === true) await beginAnew(book, plan);
    return onward(book, input);
  },
  operator: { lend: lendAfterGoingBack(course.compensate), regain: async () => undefined },
});

/** A scale and a drain are workflows of their own. */
type ReleaseMode = Exclude<PlannedMode['used'], 'Scale' | 'Drain'>;

const courses: Readonly<Record<ReleaseMode, ModeCourse>> = {
  InPlace: inBatches,
  Recreate: inBatches,
  HotReload: inBatches,
  HotSwap: inBatches,
  BlueGreen: beside(blueGreen),
  Canary: beside(canary),
};

/** How a release goes in the mode of its plan; without one nothing was begun. */
export const courseOf = (plan: PlanHead | undefined): ModeCourse =>
  plan === undefined || !isReleaseMode(plan.mode.used) ? inBatches : courses[plan.mode.used];

const isReleaseMode = (used: PlannedMode['used']): used is ReleaseMode => Object.hasOwn(courses, used);
