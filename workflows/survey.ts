import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import type { Surveyed } from './contract/activities/survey.ts';
import { fingerprint } from './contract/fingerprint.ts';
import type { PlanHead } from './contract/plan.ts';
import { unavailable } from './contract/planner/batching.ts';
import { replan } from './contract/planner/replan.ts';
import { countOf } from './contract/quantity.ts';
import { stop } from './failure.ts';
import { fallenOf, untilUp } from './fallen.ts';
import { notePrepared, type Room, toPrepare } from './prepare.ts';
import { heldRequest, markOf, podOrderOf } from './requests.ts';
import { type BatchState, begunOf, type PodEntry, waitingBatch } from './state.ts';

/** Beyond this many batches after the planned ones somebody takes the new version away as fast as we bring it. */
const mostRest = 20;

/** So often pods may be found down that were ready a moment before. */
const mostFalls = 5;

/** Where all was as expected, the pods of the next batch were looked at too. */
export interface Next {
  readonly room?: Room;
}

/**
 * Looks at the workload, and makes the plan anew where its pods are others than expected. Undefined when every pod has
 * the new version.
 * @throws WORKLOAD_CHANGED, WORKLOAD_NOT_FOUND; Stop when pods that were done do not run any more
 */
export async function nextBatch(book: Book): Promise<Next | undefined> {
  const { plan, batches, index } = book.state;
  if (plan === undefined) return undefined;
  const ahead = batches.slice(index);
  const planned = ahead.flatMap(({ pods }) => pods);
  const found = await look(book, plan, planned, ahead[0]);
  const refused = new Set(
    batches
      .slice(0, index)
      .flatMap(({ pods }) => pods.filter((pod) => pod.refused))
      .map(({ uid }) => uid),
  );
  const outdated = found.pods?.filter(({ uid }) => !refused.has(uid));
  const isAsPlanned = refused.size > 0 && outdated !== undefined && fingerprint(outdated) === fingerprint(planned);
  // Its plan of now: people may have changed it meanwhile.
  if (outdated !== undefined && !isAsPlanned) adapt(book, book.state.plan ?? plan, found, outdated);
  const rest = book.state.batches.filter(({ name }) => name.startsWith('rest-')).length;
  const left = book.state.batches[index]?.pods.length ?? 0;
  if (left === 0) return undefined;
  if (rest > mostRest) {
    const why = 'somebody makes new ones, or takes the new version away, as fast as it comes';
    throw stop(
      'WORKLOAD_CHANGED',
      `After ${mostRest} batches more than planned ${countOf(left, 'pod')} ${left === 1 ? 'has' : 'have'} the old version: ${why}.`,
    );
  }
  return found.prepared === undefined ? {} : { room: notePrepared(book, index, found.prepared) };
}

/**
 * A gray group whose pods are all gone has proved nothing: what comes next is the gray group. Answers whether that was so,
 * and is in the book.
 */
export function grayAnew(book: Book): boolean {
  const { plan, batches, index } = book.state;
  const [gray, ...others] = batches.slice(index);
  if (plan === undefined || gray?.name !== 'gray' || gray.pods.some(({ state }) => state !== 'gone')) return false;
  const ahead = [{ ...gray, pods: [] }, ...others];
  const before = batches.slice(0, index);
  const standing = { shape: plan.shape, ahead, begun: begunOf(before) };
  const anew = replan(
    standing,
    others.flatMap(({ pods }) => pods),
  );
  // With nobody left it waits for who is born in their place.
  const coming = (anew.length === 0 ? ahead.slice(0, 1) : anew).map(waitingBatch).map(knownBefore(ahead));
  book.set((state) => ({ ...state, batches: [...before, ...coming] }));
  book.log('Every pod of the gray group is gone: it has shown nothing, and is done anew.');
  return true;
}

/** Looks whether all that is done still runs, while a gate is open. @throws as {@link nextBatch}, and Stop as {@link untilUp} */
export async function lookAgain(book: Book, plan: PlanHead): Promise<void> {
  const { batches, index } = book.state;
  await look(
    book,
    plan,
    batches.slice(index + 1).flatMap(({ pods }) => pods),
  );
}

/** One look that finds all ready that was done before; what is not is waited for. */
async function look(book: Book, plan: PlanHead, expected: BatchState['pods'], next?: BatchState): Promise<Surveyed> {
  for (let falls = 0; ; falls += 1) {
    const found = await survey(book, plan, expected, next);
    const fallen = fallenOf(book.state.batches, found.down);
    if (fallen.length === 0) return found;
    const [pod] = fallen[0]?.pods ?? [];
    if (falls === mostFalls) throw stop('POD_FAILED', `Pod ${pod?.name} is ready and not ready again and again.`);
    await untilUp(book, plan, fallen);
  }
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
