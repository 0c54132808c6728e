import { CancellationScope } from '@temporalio/workflow';
import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlanHead } from '../contract/plan.ts';
import { registryOf } from '../contract/traffic.ts';
import { failureOf } from '../failure.ts';
import { NextRun, nextRunAtGate } from '../nextRun.ts';
import { isOut } from '../putBack.ts';
import { heldRequest } from '../requests.ts';

/**
 * Passes the gate at which pods stay out. Meanwhile an instance that comes back into its registry by itself is taken out
 * again: an application may register anew at any time. A Service and a readiness gate forget nobody. @throws NextRun
 */
export async function stayOut(book: Book, plan: PlanHead, pass: () => Promise<void>): Promise<void> {
  if (plan.traffic.through.every((source) => registryOf(source) === undefined)) return pass();
  const waits = new CancellationScope();
  const watch = new CancellationScope();
  const passing = waits.run(pass);
  let leaving: NextRun | undefined;
  const keeping = watch
    .run(() => keepOut(book, plan))
    .catch((error: unknown) => {
      if (watch.consideredCancelled) return;
      if (error instanceof NextRun) {
        leaving = error;
        waits.cancel();
        return;
      }
      // Whether they come back is for people to decide, not for a fault of ours.
      book.log(`Nobody looks any more whether they stay out of their registries: ${failureOf(error).text}`);
    });
  try {
    await passing;
  } catch (error) {
    throw leaving ?? error;
  } finally {
    watch.cancel();
    // The last call must not take out whom the next step puts back.
    await keeping;
  }
}

async function keepOut(book: Book, plan: PlanHead): Promise<never> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  const { through } = plan.traffic;
  for (;;) {
    const pods = (book.state.batches[0]?.pods ?? []).filter(isOut).map(({ name, uid, traffic }) => ({
      name,
      uid,
      ...(traffic && { traffic }),
    }));
    await writing.keepOut.executeWithOptions({ summary: 'keep the pods out of their registries' }, [
      { ...heldRequest(book, plan), through, pods },
    ]);
    nextRunAtGate(book);
  }
}
