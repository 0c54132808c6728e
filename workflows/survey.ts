import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import type { Surveyed } from './contract/activities/survey.ts';
import { fingerprint } from './contract/fingerprint.ts';
import type { PlanHead } from './contract/plan.ts';
import { unavailable } from './contract/planner/batching.ts';
import { replan } from './contract/planner/replan.ts';
import { countOf } from './contract/quantity.ts';
import { notePrepared, type Room, toPrepare } from './prepare.ts';
import { heldRequest, markOf, podOrderOf } from './requests.ts';
import { type BatchState, begunOf, type PodEntry, waitingBatch } from './state.ts';

/** Beyond this many batches after the planned ones somebody takes the new version away as fast as we bring it. */
const mostRest = 5;

/** Where all was as expected, the pods of the next batch were looked at too. */
export interface Next {
  readonly room?: Room;
}

/**
 * Looks at the workload, and makes the plan anew where its pods are others than expected. Undefined when every pod has
 * the new version.
 * @throws WORKLOAD_CHANGED, WORKLOAD_NOT_FOUND
 */
export async function nextBatch(book: Book): Promise<Next | undefined> {
  const { plan, batches, index } = book.state;
  if (plan === undefined) return undefined;
  const ahead = batches.slice(index);
  const planned = ahead.flatMap(({ pods }) => pods);
  const found = await survey(book, plan, planned, ahead[0]);
  // Its plan of now: people may have changed it meanwhile.
  if (found.pods !== undefined) adapt(book, book.state.plan ?? plan, found, found.pods);
  const rest = book.state.batches.filter(({ name }) => name.startsWith('rest-')).length;
  if (rest > mostRest || book.state.batches[index] === undefined) return undefined;
  return found.prepared === undefined ? {} : { room: notePrepared(book, index, found.prepared) };
}

function survey(book: Book, plan: PlanHead, expected: BatchState['pods'], next?: BatchState): Promise<Surveyed> {
  const { waiting } = clusterActivities(book.identity.target.cluster);
  return waiting.survey.executeWithOptions({ summary: 'look whether the workload is as expected' }, [
    {
      ...heldRequest(book, plan),
      images: plan.change.to,
      from: plan.change.from,
      ...markOf(plan, true),
      ...podOrderOf(plan),
      expected: fingerprint(expected),
      undo: false,
      ...(next && { next: toPrepare(plan, next) }),
    },
  ]);
}

function adapt(book: Book, plan: PlanHead, { replicas }: Surveyed, outdated: NonNullable<Surveyed['pods']>): void {
  const { batches, index } = book.state;
  const before = batches.slice(0, index);
  const standing = {
    shape: plan.shape,
    ahead: batches.slice(index),
    begun: begunOf(before),
  };
  const anew = replan(standing, outdated).map(waitingBatch).map(knownBefore(standing.ahead));
  const back = new Set(outdated.map(({ name }) => name));
  book.set((state) => ({
    ...state,
    plan: { ...plan, replicas, maxUnavailable: unavailable(plan.shape, replicas) },
    // A pod that has the old version again is not done any more where it was; nor is one that is another by now.
    batches: [...before.map((batch) => withoutPods(batch, back)), ...anew],
  }));
  const pods = countOf(outdated.length, 'pod');
  const sizes = anew.map((batch) => `${batch.name} ${batch.pods.length}`).join(', ');
  book.log(
    `The workload has other pods than planned; ${pods} of ${replicas} to go${sizes === '' ? '' : `: ${sizes}`}.`,
  );
}

/** What a release knows of pods from the one whose place it took is kept where they are divided anew. */
function knownBefore(ahead: readonly BatchState[]): (batch: BatchState) => BatchState {
  const known = new Map(
    ahead.flatMap(({ pods }) => pods.filter(({ changed }) => changed).map((pod) => [pod.uid, pod])),
  );
  const pod = (entry: PodEntry): PodEntry => known.get(entry.uid) ?? entry;
  return (batch) => (known.size === 0 ? batch : { ...batch, pods: batch.pods.map(pod) });
}

function withoutPods(batch: BatchState, names: ReadonlySet<string>): BatchState {
  const pods = batch.pods.map((pod) => (names.has(pod.name) ? { ...pod, state: 'gone' as const } : pod));
  return { ...batch, pods };
}
