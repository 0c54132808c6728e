import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { BatchClock } from './batchClock.ts';
import { budgetText, handfulRequest, handfulSize, leavingStage, neededStages, turnsOf } from './batchPlan.ts';
import { BirthsOf } from './births.ts';
import { clusterActivities } from './clusterActivities.ts';
import type { Handful, HandfulRequest, Turn } from './contract/activities/handful.ts';
import { isErrorCode } from './contract/errors.ts';
import { queryNames } from './contract/messages.ts';
import { countOf } from './contract/quantity.ts';
import type { BatchProgress, Waiting } from './contract/status.ts';
import { registryOf } from './contract/traffic.ts';
import { nextStepMs, shareAt } from './contract/warmUp.ts';
import { type BatchInput, type BatchResult, batchSignals, type Overdue, type Stage } from './contract/workflows.ts';
import { batchDetails } from './details.ts';
import { fittingInput, fittingProgress, fittingResult } from './fitting.ts';
import { Pump } from './pump.ts';

/** Several calls at once in the stages that wait, so that one slow pod does not hide those behind it. */
const concurrency: Record<Stage, number> = {
  drain: 1,
  silence: 4,
  patch: 4,
  recreate: 4,
  wait: 4,
  check: 2,
  restore: 4,
  warm: 4,
  retire: 4,
};
const looksOnly: ReadonlySet<Stage> = new Set(['silence', 'wait', 'check']);

/** Where a call writes for each pod, the first ones should not wait until the last one is written. */
const carriedSize = 50;

/** How often the rest of the workload is looked at while it uses up the budget. */
const budgetPoll = '5s';

/** A timer of a batch that is answered so late (ms) found no worker. */
const absenceMs = 10_000;

/** One batch: its pods flow through the stages of the pump. Never throws for a pod; the result says what became of each. */
export async function batch(input: BatchInput): Promise<BatchResult> {
  const activities = clusterActivities(input.target.cluster);
  const needed = neededStages(input);
  // Whoever registers anew meanwhile is taken out again: never by a call that was left behind, after the rollback put it back.
  const takesOutAgain = input.traffic.through.some((source) => registryOf(source) !== undefined);
  const pump = new Pump({
    ...input,
    stages: needed,
    turns: turnsOf(input),
    leaving: leavingStage(input),
    ...(input.earlier && { settled: input.earlier.result }),
  });
  const clock = input.limits && new BatchClock(input.limits, Date.now(), input.earlier?.spentMs);
  let paused = input.paused;
  let stopped = false;
  let finishing = false;
  let overdue: Overdue | undefined;
  /** Since when a budget holds the queue back, ISO 8601. */
  let blocked: string | undefined;
  /** Why the last look at who is out of service failed. */
  let unseen: string | undefined;
  /** Of the last drain. */
  let version: string | undefined;

  const births = new BirthsOf(input, () => pump.inHand > 0);
  const now = (): string => new Date().toISOString();
  const halted = (): boolean => stopped || overdue !== undefined || (pump.mustStop && !finishing);
  /** Let what is in hand flow out. History grows long: then go on in a new run. */
  const leaving = (): boolean => finishing || workflowInfo().continueAsNewSuggested;
  const over = (): boolean => pump.inHand === 0 && (pump.queued === 0 || halted() || leaving());

  const waiting = (): { waiting?: Waiting } =>
    blocked === undefined ? {} : { waiting: { for: 'budget', since: blocked, text: budgetText(input, pump, unseen) } };
  const details = (): string => {
    const stands = paused && pump.queued > 0 ? 'Paused: nothing further is started.' : waiting().waiting?.text;
    return batchDetails(input, pump.progress(), stands);
  };
  const admit = (): void => {
    if (!paused && !halted() && !leaving()) pump.admit(now());
    clock?.wait(paused || pump.blockedByBudget, Date.now());
    blocked = paused || !pump.blockedByBudget ? undefined : (blocked ?? now());
    setCurrentDetails(details());
  };

  setHandler(
    defineSignal(batchSignals.pause),
    () => {
      paused = true;
      admit();
    },
    { description: 'Start no further pod.' },
  );
  setHandler(
    defineSignal(batchSignals.resume),
    () => {
      paused = false;
      admit();
    },
    { description: 'Go on after a pause.' },
  );
  setHandler(defineSignal(batchSignals.stop), () => void (stopped = true), {
    description: 'Start no further pod, give up waiting, and report.',
  });
  setHandler(
    defineSignal(batchSignals.finish),
    () => {
      finishing = true;
      admit();
    },
    { description: 'Start no further pod, see those in hand through, and report.' },
  );
  setHandler(
    defineQuery<BatchProgress>(queryNames.status),
    () => fittingProgress({ pods: pump.progress(), ...waiting() }),
    {
      description: 'Where each pod of the batch is.',
    },
  );

  const call = async (stage: Stage, handful: HandfulRequest): Promise<Handful> => {
    if (stage === 'warm') {
      await untilWarmer(handful, input.warmUpMs);
      if (handful.warmUp === undefined) return allDone(handful);
    }
    if (births.failure !== undefined) return allFailed(handful, births.failure);
    const writes = handful.goOn !== undefined || !looksOnly.has(stage) || takesOutAgain;
    const proxy = writes ? activities.writing : activities.waiting;
    try {
      return await proxy[stage].executeWithOptions({ summary: summaryOf(stage, handful) }, [
        stage === 'warm' ? withShares(handful) : handful,
      ]);
    } catch (error) {
      return allFailed(handful, error);
    }
  };
  const runStage = async (stage: Stage): Promise<void> => {
    for (;;) {
      await condition(() => (pump.has(stage) && births.ready) || over());
      if (!pump.has(stage)) {
        if (over()) return;
        // Another loop of this stage was woken too, and has taken them.
        continue;
      }
      const pods = pump.take(stage, sizeOf(stage, input));
      const answer = await call(stage, handfulRequest(stage, input, pods, stage === 'drain' ? version : undefined));
      version = answer.version ?? version;
      pump.settle(stage, answer, now());
      if (answer.later.length < pods.length) clock?.move(Date.now());
      admit();
    }
  };
  const watchClock = async (): Promise<void> => {
    if (clock === undefined) return;
    while (overdue === undefined) {
      await condition(() => clock.due(Date.now()) !== undefined || over());
      if (over()) return;
      // One timer for a whole deadline, however often something moves meanwhile.
      const due = clock.due(Date.now()) ?? 0;
      await sleep(Math.max(1, due - Date.now()), { summary: 'time limits of the batch' });
      if (Date.now() > due + absenceMs) clock.absent(Date.now());
      overdue = clock.overdue(Date.now());
    }
  };
  const isLimited = (): boolean => pump.queued > 0 && (pump.blockedByBudget || pump.budget !== undefined);
  const watchBudget = async (): Promise<void> => {
    for (;;) {
      // A disruption budget is shared with whoever evicts pods meanwhile.
      await condition(() => (isLimited() && !paused) || over());
      if (over()) return;
      await sleep(budgetPoll, { summary: 'wait until fewer pods are out of service' });
      const { target, uid, holder } = input;
      const pods = input.pods.map(({ name, uid: podUid }) => ({ name, uid: podUid }));
      const look = { target, uid, holder, through: [], pods, ...(input.budget && { budgets: true }) };
      try {
        const { downElsewhere, budget } = await activities.waiting.prepare(look);
        pump.looked(downElsewhere.length, budget);
        unseen = undefined;
      } catch (error) {
        if (isCancellation(error)) throw error;
        // Without a look nothing is admitted that was not before; the next may tell, when somebody has given the right back.
        unseen = reasonOf(error);
      }
      admit();
    }
  };

  admit();
  const pumping = new CancellationScope();
  const loops = pumping.run(() =>
    Promise.allSettled([
      ...needed.flatMap((stage) => Array.from({ length: concurrency[stage] }, () => runStage(stage))),
      watchBudget(),
      watchClock(),
      births.tend(over),
    ]),
  );
  // Also when all is over: what only watches ends with it.
  const stopping = condition(() => halted() || over()).then(
    () => pumping.cancel(),
    // Cancelled itself, which ends the loops too.
    () => undefined,
  );
  try {
    for (const loop of await loops) {
      if (loop.status === 'rejected' && !isCancellation(loop.reason)) throw loop.reason;
    }
    await stopping;
  } finally {
    await CancellationScope.nonCancellable(() => births.close());
  }
  if (input.surge !== undefined && !input.undo && !halted()) await sweep(input);

  if (leaving() && !finishing && !halted() && pump.queued > 0) {
    const earlier = { result: pump.result(), spentMs: clock?.spent(Date.now()) ?? 0 };
    const next: BatchInput = {
      ...input,
      paused,
      downElsewhere: pump.othersDown,
      ...(pump.budget && { budget: pump.budget }),
      earlier,
    };
    await continueAsNew<typeof batch>(fittingInput(next));
  }
  return fittingResult({ ...pump.result(), ...(overdue === undefined ? {} : { overdue }) });
}

/** Old pods in whose place nobody came through: the one that was born died, or the workload was scaled in. */
async function sweep({ target, uid, holder, name, traffic, readyTimeoutMs }: BatchInput): Promise<void> {
  await clusterActivities(target.cluster).writing.sweep.executeWithOptions(
    { summary: `${name}: let old pods go that are left` },
    [{ target, uid, holder, traffic, readyTimeoutMs }],
  );
}

/** Until all of the handful are due for more callers, or through: the first as long as the last, for they came together. */
async function untilWarmer({ batch: name, pods, warmUp }: HandfulRequest, forMs = 0): Promise<void> {
  const dueMs = (sinceMs: number): number =>
    warmUp === undefined ? sinceMs + forMs : nextStepMs(warmUp, sinceMs, Date.now());
  const last = Math.max(...pods.map(({ since }) => dueMs(Date.parse(since))));
  await sleep(Math.max(1, last - Date.now()), { summary: `warm up ${name}: ${countOf(pods.length, 'pod')}` });
}

const allDone = ({ pods }: HandfulRequest): Handful => ({
  done: pods.map(({ name }) => name),
  later: [],
  failed: [],
  gone: [],
});

/** With the share of its weight that each pod should have by now. */
function withShares({ warmUp, ...handful }: HandfulRequest): HandfulRequest {
  if (warmUp === undefined) return handful;
  const pods = handful.pods.map((pod) => {
    const share = shareAt(warmUp, Date.parse(pod.since), Date.now());
    return share === undefined ? pod : { ...pod, share };
  });
  return { ...handful, warmUp, pods };
}

/** How many pods one call of `stage` takes. Where there is a call for each pod that may be in hand, none waits for another. */
function sizeOf(stage: Stage, { maxUnavailable }: BatchInput): number {
  if (stage !== 'drain' && maxUnavailable <= concurrency[stage]) return 1;
  return stage === 'silence' || stage === 'patch' || stage === 'recreate' || stage === 'retire'
    ? carriedSize
    : handfulSize;
}

/** `proxy`; of a hot swap `takeOver`. */
const turnText = ({ step, containers }: Turn): string => step ?? containers.join(', ');

/** `patch gray: checkout-5d4f`, or `patch batch-2: 40 pods (proxy)` where their containers have an order. */
function summaryOf(stage: Stage, { batch: name, pods, turn }: HandfulRequest): string {
  const who = pods.length === 1 ? pods[0]?.name : `${pods.length} pods`;
  return `${stage} ${name}: ${who}${turn === undefined ? '' : ` (${turnText(turn)})`}`;
}

/** A stage that cannot work at all has failed for each of its pods. */
function allFailed({ pods }: HandfulRequest, error: unknown): Handful {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  const code = cause instanceof ApplicationFailure && isErrorCode(cause.type) ? cause.type : 'INTERNAL';
  const reason = reasonOf(error);
  return { done: [], later: [], gone: [], failed: pods.map(({ name }) => ({ pod: name, code, reason })) };
}

const reasonOf = (error: unknown): string => {
  const told = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  return told instanceof Error ? told.message : String(told);
};
