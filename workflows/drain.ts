import { continueAsNew } from '@temporalio/workflow';
import type { ReleaseResult } from './contract/status.ts';
import type { ReleaseInput } from './contract/workflows.ts';
import { giveBack } from './drain/back.ts';
import { drainForward } from './drain/forward.ts';
import { live } from './live.ts';
import type { ReleaseState } from './state.ts';

/**
 * Pods of one workload out of traffic, and back when somebody says so: plan → acquire → out → gate → back. It has the
 * workflow id of a release of that workload, so that nobody does both at once, and takes the same messages.
 */
export function drain(input: ReleaseInput, carried?: ReleaseState): Promise<ReleaseResult> {
  return live(input, carried, {
    forward: drainForward,
    compensate: giveBack,
    // Nobody is asked about somebody else's change of the workload: it is given back as it is, whatever it is by then.
    handOver: async (book) => {
      await giveBack(book);
      return book.state.notUndone.length === 0 ? 'handedOver' : 'failed';
    },
    next: (again, state) => continueAsNew<typeof drain>(again, state),
  });
}
