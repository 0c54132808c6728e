import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import { fingerprint } from './contract/fingerprint.ts';
import { freeByHand, kindOf } from './contract/kinds.ts';
import { marks, workloadName } from './contract/names.ts';
import type { Images } from './contract/observation.ts';
import { anewFrom, type PlanHead } from './contract/plan.ts';
import type { Failure } from './contract/status.ts';
import type { BatchInput, BatchPod, BatchResult } from './contract/workflows.ts';
import { failureOf } from './failure.ts';
import { atOnce, birthsOf, commitRequest, forwardRules, heldRequest, markOf, podOrderOf } from './requests.ts';
import { batchPod, replaced, runChild } from './runBatch.ts';
import { giveScalersBack } from './scale/scalers.ts';
import { type BatchState, isTouched, type PodEntry, type Step } from './state.ts';

/**
 * Undoes what was begun, in reverse order. A step that fails does not stop the rest; each call is tried until it works
 * or cannot work, and what could not be undone ends up in the book by name.
 */
export async function compensate(book: Book): Promise<void> {
  const { plan } = book.state;
  if (plan === undefined) return;
  for (const step of book.state.steps.toReversed()) await compensateStep(book, plan, step);
}

/** Undoes one step. Never throws. `act`: how, if not as in a rollback. */
export async function compensateStep(
  book: Book,
  plan: PlanHead,
  step: Step,
  act: () => Promise<void> = () => undo(book, plan, step),
): Promise<void> {
  try {
    await act();
    book.log(`Undone: ${names[step]}.`);
  } catch (error) {
    const { code, text } = failureOf(error);
    // With the workload all went that the step had done to it.
    if (code === 'WORKLOAD_NOT_FOUND') book.log(`Nothing left to undo: ${names[step]}.`);
    else leave(book, { code, text: `Not undone: ${names[step]}: ${text}`, next: byHand(book, step) });
  }
}

const names: Record<Step, string> = {
  acquire: 'hold on the workload',
  openTraffic: 'way out of traffic',
  pods: 'pods of the new version',
  commit: 'template of the new version',
  scalers: 'hold on the HorizontalPodAutoscaler',
  number: 'number of pods',
  services: 'selectors of the Services',
  green: 'pods of the new version beside the old',
  split: 'callers sent to the new version',
  switch: 'switch to the new version',
};

async function undo(book: Book, plan: PlanHead, step: Step): Promise<void> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  const held = heldRequest(book, plan);
  const traffic = { ...held, through: plan.traffic.through };
  switch (step) {
    case 'commit': {
      await writing.uncommit.executeWithOptions({ summary: 'the old template again' }, [commitRequest(book, plan, '')]);
      if (plan.traffic.through.length === 0) return;
      // The commit may have closed it: the pods need their way out of traffic once more.
      await writing.openTraffic.executeWithOptions({ summary: 'prepare the way out of traffic' }, [traffic]);
      return;
    }
    case 'pods':
      return undoPods(book, plan);
    case 'openTraffic':
      await writing.closeTraffic.executeWithOptions({ summary: 'take our labels and selector away' }, [traffic]);
      return;
    case 'scalers':
      return giveScalersBack(book, plan, false);
    case 'number':
    case 'services':
    case 'green':
    case 'split':
    case 'switch':
      return undefined;
    case 'acquire':
      await writing.release.executeWithOptions({ summary: 'give the workload back' }, [
        { ...held, ...(plan.change.template && { recreated: true }) },
      ]);
      return;
  }
}

/** Touched pods go back through pumps: those that failed first, then the last upgraded first. */
async function undoPods(book: Book, plan: PlanHead): Promise<void> {
  const there = lastOfName(book.state.batches);
  const isDue = (pod: PodEntry): boolean => isTouched(pod) && there.get(pod.name) === pod.uid;
  const touched = book.state.batches
    .map(({ name, pods }) => ({ name: `undo-${name}`, pods: failedFirst(pods.filter(isDue).toReversed()) }))
    .toReversed();
  const rounds =
    plan.rollback === 'InBatches'
      ? touched
      : [{ name: 'undo', pods: failedFirst(touched.flatMap(({ pods }) => pods)) }];
  const maxUnavailable = await slotsOf(book, plan);
  for (const { name, pods } of rounds) {
    await undoBatch(book, { ...plan, maxUnavailable }, name, pods.map(backPod(plan)));
  }

  const { waiting } = clusterActivities(book.identity.target.cluster);
  const { from, to } = plan.change;
  const { pods = [] } = await waiting.survey.executeWithOptions({ summary: 'look for pods of the new version' }, [
    {
      ...heldRequest(book, plan),
      images: from,
      from: to,
      ...markOf(plan, false),
      ...podOrderOf(plan),
      expected: fingerprint([]),
      undo: true,
    },
  ]);
  const apart = keptApart(book.state.batches);
  const born = pods.filter(({ uid }) => !apart.has(uid));
  await undoBatch(
    book,
    { ...plan, maxUnavailable },
    'undo-rest',
    born.map(({ name, uid }) => ({ name, uid, wasReady: true, ...imagesOf(book.state.origins?.[uid]) })),
  );
  if (plan.surge !== undefined) await sweep(book, plan);
}

/** Whatever was set apart goes: those of the old version too, as others are in their places. */
export async function sweep(book: Book, plan: PlanHead): Promise<void> {
  const { traffic, readyTimeoutMs } = plan;
  const { writing } = clusterActivities(book.identity.target.cluster);
  await writing.sweep.executeWithOptions({ summary: 'let pods go that were set apart' }, [
    { ...heldRequest(book, plan), traffic, readyTimeoutMs },
  ]);
}

/** How many pods a rollback has in hand at once: it keeps to disruption budgets, but waits for none. */
async function slotsOf(book: Book, plan: PlanHead): Promise<number> {
  if (plan.disruptionBudgets !== 'Respect') return plan.maxUnavailable;
  const { waiting } = clusterActivities(book.identity.target.cluster);
  const look = { ...heldRequest(book, plan), through: [], pods: [], budgets: true };
  try {
    const { budget } = await waiting.prepare.executeWithOptions({ summary: 'look at disruption budgets' }, [look]);
    return Math.min(plan.maxUnavailable, Math.max(1, budget?.out ?? plan.maxUnavailable));
  } catch {
    return plan.maxUnavailable;
  }
}

/** A pod that had images of its own before goes back to those. */
const imagesOf = (images: Images | undefined): Pick<BatchPod, 'images'> => (images === undefined ? {} : { images });

const failedFirst = (pods: readonly PodEntry[]): readonly PodEntry[] =>
  pods.toSorted((a, b) => Number(b.state === 'failed') - Number(a.state === 'failed'));

/** A pod as it was before. One that is made anew has the template's images, whatever it had. */
export const backPod =
  ({ change }: PlanHead) =>
  (pod: PodEntry): BatchPod => ({
    ...batchPod(pod),
    ...(pod.from && anewFrom(change) === undefined && { images: pod.from }),
  });

/** What brings pods back to the old version. */
export function backwards(book: Book, plan: PlanHead, name: string, pods: readonly BatchPod[]): BatchInput {
  return {
    ...heldRequest(book, plan),
    ...forwardRules(plan),
    name,
    pods,
    images: plan.change.from,
    ...(plan.change.resize && { resources: plan.change.resize.from }),
    ...(plan.change.order && { order: plan.change.order.toReversed() }),
    ...birthsOf(plan, 'from'),
    undo: true,
    ...atOnce(plan),
    downElsewhere: 0,
    mayFail: pods.length,
    paused: false,
  };
}

async function undoBatch(book: Book, plan: PlanHead, name: string, pods: readonly BatchPod[]): Promise<void> {
  if (pods.length === 0) return;
  const uids = new Set(pods.map(({ uid }) => uid));
  markUndoing(book, uids);
  const result = await runChild(book, backwards(book, plan, name, pods));
  book.set((state) => ({ ...state, batches: state.batches.map((batch) => undone(batch, result, uids)) }));
  for (const { pod, reason } of result.failed) leave(book, podLeft(book, pod, reason));
  for (const { pod } of result.stopped) {
    leave(book, podLeft(book, pod, 'the rollback of this pod was stopped from outside'));
  }
}

/** UID of the last pod of each name: one that was born again under its name is in a later batch, and alone is there. */
const lastOfName = (batches: readonly BatchState[]): ReadonlyMap<string, string> =>
  new Map(batches.flatMap(({ pods }) => pods.map(({ name, uid }) => [name, uid] as const)));

/** UIDs of pods that are not to be taken for stragglers: those that ran other images before, and those given up on. */
const keptApart = (batches: readonly BatchState[]): ReadonlySet<string> =>
  new Set(
    batches.flatMap((batch) =>
      batch.pods.filter((pod) => pod.from !== undefined || pod.state === 'failed').map(({ uid }) => uid),
    ),
  );

function markUndoing(book: Book, uids: ReadonlySet<string>): void {
  const mark = (batch: BatchState): BatchState =>
    batch.pods.some(({ uid }) => uids.has(uid)) ? { ...batch, state: 'undoing' } : batch;
  book.set((state) => ({ ...state, batches: state.batches.map(mark) }));
}

function undone(batch: BatchState, result: BatchResult, uids: ReadonlySet<string>): BatchState {
  if (batch.state !== 'undoing') return batch;
  const done = new Set(result.done);
  const failed = new Map(result.failed.map(({ pod, reason }) => [pod, reason]));
  const due = new Set(batch.pods.filter(({ uid }) => uids.has(uid)).map(({ name }) => name));
  const became = (result.became ?? []).filter(({ pod }) => due.has(pod));
  const now = new Set([...uids, ...became.map(({ uid }) => uid)]);
  const pods = replaced(batch.pods, { ...result, became }).map((pod): PodEntry => {
    if (!now.has(pod.uid)) return pod;
    const reason = failed.get(pod.name);
    if (reason !== undefined) return { ...pod, state: 'failed', reason };
    return done.has(pod.name) ? { ...pod, state: 'undone' } : pod;
  });
  return { ...batch, pods, state: pods.some((pod) => now.has(pod.uid) && failed.has(pod.name)) ? 'failed' : 'undone' };
}

/** Something of ours stays behind: told by name. */
export function leave(book: Book, failure: Failure): void {
  book.set((state) => ({ ...state, notUndone: [...state.notUndone, failure] }));
  book.log(failure.text);
}

function podLeft(book: Book, pod: string, reason: string): Failure {
  const { namespace } = book.identity.target;
  return {
    code: 'POD_FAILED',
    text: `Pod ${pod} is not well on the old version: ${reason}.`,
    next: `Look with \`kubectl describe pod ${pod} -n ${namespace}\`; \`kubectl delete pod ${pod} -n ${namespace}\` replaces it.`,
  };
}

function byHand(book: Book, step: Step): string {
  const { target } = book.identity;
  const on = `${workloadName(target)} -n ${target.namespace}`;
  switch (step) {
    case 'acquire':
      return `${freeByHand(target)}.`;
    case 'commit':
      return `Set the old images with \`kubectl set image ${on} …\`; the plan in the status names them.`;
    case 'pods':
      return `Compare the pods with \`kubectl get pods -n ${target.namespace} -o wide\`.`;
    case 'scalers':
      return `The annotation ${marks.before} of each HorizontalPodAutoscaler says what it was: write that back, then remove the annotations of sluice.dev.`;
    case 'number':
      return `\`kubectl scale ${on} --replicas=${book.state.plan?.scale?.from ?? '…'}\`.`;
    case 'services':
    case 'switch':
      return `Take pod-template-hash out of the selector of each Service, and the label and annotation of sluice.dev off it.`;
    case 'split':
      return `The annotation ${marks.before} of the route says what its rules were: write those back, then remove the annotations of sluice.dev.`;
    case 'green':
      return `See \`kubectl get replicasets -n ${target.namespace}\`, and delete that of the new version when nobody calls it.`;
    case 'openTraffic':
      return `Remove sluice.dev/serving from the selector of the Service first, then from ${kindOf(target).births} and the pods.`;
  }
}
