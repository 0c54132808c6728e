import { condition, sleep, workflowInfo } from '@temporalio/workflow';
import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import { releaseId } from './contract/names.ts';
import type { Plan, PlannedBatch, PlannedPod } from './contract/plan.ts';
import { countOf } from './contract/quantity.ts';
import type { ReleaseInput } from './contract/workflows.ts';
import { batchFailure, failureOf, stop } from './failure.ts';
import { closeGate, openGate } from './gate.ts';
import { announce } from './notify.ts';
import { heldRequest, runBatch } from './runBatch.ts';
import { type ReleaseState, type Step, withBatch } from './state.ts';

/** Thrown to go on in a new run of the workflow: its history has grown long. */
export class NextRun extends Error {}

/** How often pods born in mid-release are looked for before the commit, at most. */
const stragglerRounds = 5;

/**
 * The way forward, from wherever the book says that the release is. Ends when the release has succeeded; throws a
 * failure, or a cancellation when the rollback was asked for.
 */
export async function forward(book: Book, input: ReleaseInput): Promise<void> {
  const activities = clusterActivities(book.identity.target.cluster);
  const plan = book.state.plan ?? (await makePlan(book, input));
  const held = heldRequest(book, plan);
  const traffic = { ...held, through: plan.traffic.through };

  if (!book.state.steps.includes('pods')) {
    await unpaused(book);
    phase(book, 'acquiring');
    begin(book, 'acquire');
    await activities.writing.acquire.executeWithOptions({ summary: 'pause the workload and leave our mark' }, [
      { ...held, from: plan.change.from },
    ]);
    if (plan.traffic.through.length > 0) {
      begin(book, 'openTraffic');
      await activities.writing.openTraffic.executeWithOptions({ summary: 'prepare the way out of traffic' }, [traffic]);
    }
    begin(book, 'pods');
  }

  while (book.state.index < plan.batches.length) {
    const planned = plan.batches[book.state.index];
    if (planned === undefined) break;
    await upgrade(book, planned);
    await passGate(book, plan, planned);
    book.set((state) => ({ ...state, index: state.index + 1 }));
    if (workflowInfo().continueAsNewSuggested) throw new NextRun();
  }
  await bringStragglers(book, plan);

  await unpaused(book);
  phase(book, 'committing');
  begin(book, 'commit');
  await activities.writing.commit.executeWithOptions({ summary: 'make it the template, with native history' }, [
    { ...held, from: plan.change.from, to: plan.change.to, cause: causeOf(book, plan) },
  ]);
  if (plan.traffic.through.length > 0) {
    await activities.writing.closeTraffic.executeWithOptions({ summary: 'take our labels and selector away' }, [
      traffic,
    ]);
  }
  book.set((state) => ({ ...state, final: true }));
  await activities.writing.release.executeWithOptions({ summary: 'give the workload back' }, [held]);
  phase(book, 'succeeded');
}

async function makePlan(book: Book, input: ReleaseInput): Promise<Plan> {
  const { target, id } = book.identity;
  const plan = await clusterActivities(target.cluster).waiting.plan.executeWithOptions({ summary: 'look and plan' }, [
    { spec: input.spec },
  ]);
  if (releaseId(plan.target) !== id) {
    throw stop('SPEC_INVALID', `The spec is for ${releaseId(plan.target)}, but the workflow id is ${id}.`);
  }
  const batches = plan.batches.map(({ name, pods }) => ({
    name,
    state: 'waiting' as const,
    pods: pods.map((pod) => ({ ...pod, state: 'queued' as const })),
  }));
  book.set((state) => ({ ...state, plan, batches }));
  const pods = plan.batches.reduce((sum, batch) => sum + batch.pods.length, 0);
  book.log(
    `Planned ${countOf(pods, 'pod')} in ${countOf(plan.batches.length, 'group')}, at most ${plan.maxUnavailable} out of service at once.`,
  );
  void announce(book, 'started');
  return plan;
}

/** Runs one batch until all of its pods are upgraded; a failure holds or throws, as `onFailure` says. */
async function upgrade(book: Book, planned: Pick<PlannedBatch, 'name'>): Promise<void> {
  for (;;) {
    await unpaused(book);
    phase(book, 'batch');
    const result = await runBatch(book, book.state.index);
    if (result.failed.length === 0 && result.stopped.length === 0 && result.queued.length === 0) return;
    await holdOrThrow(book, () => {
      throw stopFor(planned.name, result);
    });
  }
}

const stopFor = (name: string, result: Parameters<typeof batchFailure>[1]): Error => {
  const { code, text } = batchFailure(name, result);
  return stop(code, text);
};

async function passGate(book: Book, plan: Plan, planned: PlannedBatch): Promise<void> {
  for (;;) {
    try {
      await openGate(book, plan, planned);
      await unpaused(book);
      closeGate(book);
      return;
    } catch (error) {
      await holdOrThrow(book, () => {
        throw error;
      });
    }
  }
}

/** `onFailure: Hold` waits for a resume, and then the caller tries again; else the failure goes on. */
async function holdOrThrow(book: Book, raise: () => never): Promise<void> {
  try {
    raise();
  } catch (error) {
    if (book.state.plan?.onFailure !== 'Hold' || book.state.rollback !== undefined) throw error;
    const failure = failureOf(error);
    book.set((state) => ({ ...state, phase: 'held', held: { failure, since: book.now } }));
    book.log(`Held: ${failure.text}`);
    void announce(book, 'failed');
    await condition(() => book.state.held === undefined);
  }
}

/** Pods born in mid-release come from the old template: they are brought along before the commit. */
async function bringStragglers(book: Book, plan: Plan): Promise<void> {
  const { waiting } = clusterActivities(book.identity.target.cluster);
  for (let round = 1; round <= stragglerRounds; round += 1) {
    const { pods } = await waiting.stragglers.executeWithOptions({ summary: 'look for pods born meanwhile' }, [
      { ...heldRequest(book, plan), images: plan.change.to, except: [] },
    ]);
    if (pods.length === 0) return;
    const entries = pods.map((pod): PlannedPod => ({ ...pod, node: '', ready: true }));
    const name = `stragglers-${round}`;
    book.set((state) => addBatch(state, name, entries));
    book.log(`${countOf(pods.length, 'pod')} born from the old template meanwhile; ${name} brings them along.`);
    await upgrade(book, { name });
    book.set((state) => ({ ...state, index: state.index + 1 }));
    await sleep('1s', { summary: 'look once more for pods born meanwhile' });
  }
}

function addBatch(state: ReleaseState, name: string, pods: readonly PlannedPod[]): ReleaseState {
  const batch = { name, state: 'waiting' as const, pods: pods.map((pod) => ({ ...pod, state: 'queued' as const })) };
  const batches = [...state.batches, batch];
  return withBatch({ ...state, batches, index: batches.length - 1 }, batches.length - 1, (added) => added);
}

const unpaused = (book: Book): Promise<void> => condition(() => book.state.paused === undefined);

function phase(book: Book, to: ReleaseState['phase']): void {
  book.set((state) => ({ ...state, phase: to }));
}

/** Records a step before it is begun: it may have happened although its call failed. */
function begin(book: Book, step: Step): void {
  book.set((state) => (state.steps.includes(step) ? state : { ...state, steps: [...state.steps, step] }));
}

function causeOf(book: Book, { app, change }: Plan): string {
  return `sluice: ${app} ${change.fromVersion} → ${change.version} by ${book.identity.initiator}`;
}
