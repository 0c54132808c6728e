import { continueAsNew } from '@temporalio/workflow';
import { goesBackFirst } from './contract/planner/supersede.ts';
import type { ReleaseResult } from './contract/status.ts';
import type { ReleaseInput } from './contract/workflows.ts';
import { courseOf } from './courses.ts';
import { makePlan } from './forward.ts';
import { live } from './live.ts';
import type { ReleaseState } from './state.ts';
import { supersedeAfterGoingBack } from './supersede/goBack.ts';
import { supersede } from './supersede/successor.ts';

/**
 * One release of one workload, in the mode that its plan says: plan → acquire → gray → gate → batch → gate … → commit, or
 * back. See live.ts and courses.ts.
 */
export function release(input: ReleaseInput, carried?: ReleaseState): Promise<ReleaseResult> {
  const next = (again: ReleaseInput, state: ReleaseState) => continueAsNew<typeof release>(again, state);
  return live(input, carried, {
    forward: async (book, given) => {
      const plan = book.state.plan ?? (await makePlan(book, given));
      return courseOf(plan).forward(book, given);
    },
    compensate: (book) => courseOf(book.state.plan).compensate(book),
    handOver: (book) => courseOf(book.state.plan).handOver(book),
    supersede: (book, given) => {
      const { plan } = book.state;
      return plan !== undefined && goesBackFirst(plan)
        ? supersedeAfterGoingBack(book, given, courseOf(plan).compensate)
        : supersede(book, given);
    },
    operator: {
      lend: async (book) => courseOf(book.state.plan).operator?.lend(book),
      regain: async (book) => courseOf(book.state.plan).operator?.regain(book),
    },
    next,
  });
}
