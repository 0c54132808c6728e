import type { Handful, PodNote, Successor } from './contract/activities/handful.ts';
import type { BudgetRoom } from './contract/observation.ts';
import type { PodStatus } from './contract/status.ts';
import { type BatchPod, type BatchResult, mayBeBack, type Passage, type Stage } from './contract/workflows.ts';
import { passage, passageOf, podLog, wentOnForMs } from './passages.ts';

export interface PumpOptions {
  readonly pods: readonly BatchPod[];
  /** The stages that this batch needs, in order. */
  readonly stages: readonly Stage[];
  /** How often each pod is patched and waited for: once for each group of its containers. Default 1. */
  readonly turns?: number;
  readonly maxUnavailable: number;
  readonly downElsewhere: number;
  readonly budget?: BudgetRoom | undefined;
  /** So many pods may fail, one more is a reason to stop. Those still go back into traffic, as their readiness says. */
  readonly mayFail: number;
  /** A rollback: any number may fail, and none of them holds up the others. */
  readonly undo: boolean;
  readonly settled?: BatchResult;
  /** The stage that takes pods out of service, if its calls tell who else is. */
  readonly leaving?: Stage | undefined;
}

export interface Entry {
  /** As it is now: one that was made anew is another pod. */
  pod: BatchPod;
  /** ISO time of arrival at the current stage. */
  since: string;
  stage: Stage;
  /** Which group of its containers it is at, from 0. */
  turn: number;
  /** What it has been through. */
  readonly passed?: Passage[];
  /** It was done, and is out of service again: still in traffic, as far as its readiness lets it. */
  readonly fell?: true;
}

/** Out of service before its turn: not ready, or left out of traffic by a batch that was stopped. */
const isDown = (pod: BatchPod): boolean => !pod.wasReady || pod.outOfTraffic === true;

/** So long two looks at the workload, from two calls, may be apart. */
const justNowMs = 2_000;

/** Where a pod stands that is in `stage`: one that fell was back in traffic before. */
const stageOf = ({ fell }: Entry, stage: Stage): Stage => (fell && !mayBeBack(stage) ? 'restore' : stage);

/** Of a batch that has no pods. */
export const emptyResult: BatchResult = { done: [], failed: [], gone: [], stopped: [], queued: [], notes: [] };

/**
 * Where each pod of a batch is, and which may move: no I/O and no clock, so that its promises can be tested.
 * A pod is admitted while fewer than `maxUnavailable` pods are out of service. One that is down already takes nothing
 * more away, but no more than `maxUnavailable` are in hand at once all the same. A disruption budget may lower the first bound.
 */
export class Pump {
  readonly #options: PumpOptions;
  #queue: BatchPod[];
  readonly #inHand = new Map<string, Entry>();
  readonly #inbox = new Map<Stage, string[]>();
  readonly #done: string[];
  readonly #gone: string[];
  readonly #failed: BatchResult['failed'][number][];
  readonly #notes: PodNote[];
  /** What a pod in hand was last said to wait for in its stage. */
  readonly #waits = new Map<string, string>();
  /** By the name of the pod that was replaced. */
  readonly #became: Map<string, Successor>;
  /** By the name that the pod had at first. */
  readonly #passed: Map<string, Passage[]>;
  /** Pods outside the batch that are out of service, by the last look at the workload. */
  downElsewhere: number;
  /** Who was out of service when pods were last taken out of it. */
  #down: ReadonlySet<string> = new Set();
  /** When pods were done, ms since 1970; not of earlier runs. */
  readonly #doneAt = new Map<string, number>();
  /** The tightest PodDisruptionBudget: it may let fewer pods be out of service than maxUnavailable. */
  budget: BudgetRoom | undefined;

  constructor(options: PumpOptions) {
    const settled = options.settled ?? emptyResult;
    const over = new Set([...settled.done, ...settled.gone, ...settled.failed.map((failure) => failure.pod)]);
    this.#options = options;
    this.downElsewhere = options.downElsewhere;
    this.budget = options.budget;
    this.#became = new Map(settled.became?.map((successor) => [successor.pod, successor]));
    this.#queue = options.pods.filter(({ name }) => !over.has(this.#nameNow(name)));
    this.#done = [...settled.done];
    this.#gone = [...settled.gone];
    this.#failed = [...settled.failed];
    this.#notes = [...settled.notes];
    this.#passed = new Map(Object.entries(settled.passed ?? {}).map(([name, passed]) => [name, [...passed]]));
  }

  /** After a look at who is out of service outside the batch. */
  looked(downElsewhere: number, budget: BudgetRoom | undefined): void {
    this.downElsewhere = downElsewhere;
    this.budget = budget;
    this.#down = new Set();
  }

  /** Moves pods from the queue to their first stage, as many as may be out of service. `at`: now, ISO 8601. */
  admit(at: string): void {
    const stillQueued: BatchPod[] = [];
    const isDownNow = (pod: BatchPod): boolean => isDown(pod) || this.#down.has(pod.name);
    const others = this.othersDown;
    let waitingDown = this.#queue.filter(isDownNow).length;
    for (const pod of this.#queue) {
      const down = this.#inHand.size + others + this.#failedCount + waitingDown;
      const allowed = isDownNow(pod) ? this.#inHand.size < this.#options.maxUnavailable : down < this.#mayBeOut;
      const stage = allowed ? this.#firstStage(pod) : undefined;
      if (stage === undefined) {
        stillQueued.push(pod);
        continue;
      }
      if (isDownNow(pod)) waitingDown -= 1;
      const passed: Passage[] = [];
      this.#passed.set(pod.name, passed);
      this.#inHand.set(pod.name, { pod, since: at, stage, turn: 0, passed });
      this.#put(stage, pod.name);
    }
    this.#queue = stillQueued;
  }

  /** Takes up to `limit` of the pods that have arrived at `stage` and are at the same turn as the first of them. */
  take(stage: Stage, limit: number): readonly Readonly<Entry>[] {
    const inbox = this.#inbox.get(stage) ?? [];
    const turnOf = (name: string | undefined) => this.#inHand.get(name ?? '')?.turn;
    const most = Math.min(limit, inbox.length);
    let count = 0;
    while (count < most && turnOf(inbox[count]) === turnOf(inbox[0])) count += 1;
    return inbox.splice(0, count).flatMap((name) => this.#inHand.get(name) ?? []);
  }

  has(stage: Stage): boolean {
    return (this.#inbox.get(stage)?.length ?? 0) > 0;
  }

  /** Carries out the answer of a stage. */
  settle(stage: Stage, answer: Handful, at: string): void {
    this.#notes.push(...(answer.notes ?? []));
    const { wentOn, became = [] } = answer;
    const failed = answer.failed.map(({ pod }) => pod);
    for (const name of [...answer.done, ...answer.later, ...failed]) this.#waits.delete(name);
    for (const { pod, text } of answer.waits ?? []) this.#waits.set(pod, text);
    const atMs = Date.parse(at) - wentOnForMs(answer);
    const asWas = new Set(answer.asWas);
    for (const successor of became) this.#replace(successor);
    const replaced = new Map(became.map(({ pod, name }) => [pod, name]));
    for (const name of answer.done) {
      const now = replaced.get(name) ?? name;
      if (!asWas.has(name)) this.#pass(now, stage, atMs);
      this.#advance(now, stage, at, wentOn?.stage);
    }
    for (const name of answer.later) if (this.#inHand.has(name)) this.#put(stage, name);
    for (const name of answer.again ?? []) {
      const entry = this.#inHand.get(name);
      if (entry !== undefined) entry.since = at;
    }
    for (const name of answer.gone) if (this.#inHand.delete(name)) this.#gone.push(name);
    for (const failure of answer.failed) {
      const entry = this.#inHand.get(failure.pod);
      if (entry === undefined) continue;
      const standsIn = stageOf(entry, stage);
      this.#failed.push({ ...failure, stage: standsIn });
      entry.passed?.push(passageOf('failed', atMs));
      // A pod that the others do not wait for still belongs into traffic: its readiness decides there.
      if (!this.mustStop && !mayBeBack(standsIn) && this.#options.stages.includes('restore')) {
        this.#move(failure.pod, 'restore', at);
      } else this.#inHand.delete(failure.pod);
    }
    if (wentOn !== undefined) this.settle(wentOn.stage, wentOn.answer, at);
    if (stage === this.#options.leaving) this.#see(answer.down ?? [], at);
  }

  /** More pods have failed than may. */
  get mustStop(): boolean {
    return !this.#options.undo && this.#failed.length > this.#options.mayFail;
  }

  get inHand(): number {
    return this.#inHand.size;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** The queue waits although nothing is in hand: pods elsewhere use up what may be out of service. */
  get blockedByBudget(): boolean {
    const ownFailures = this.#failedCount > 0 && this.#failedCount >= this.#mayBeOut;
    return this.#queue.length > 0 && this.#inHand.size === 0 && !ownFailures;
  }

  /** How many pods outside the batch are out of service, as far as anybody has seen. */
  get othersDown(): number {
    if (this.#down.size === 0) return this.downElsewhere;
    const own = new Set(this.#options.pods.map(({ name }) => this.#nameNow(name)));
    return Math.max(this.downElsewhere, [...this.#down].filter((name) => !own.has(name)).length);
  }

  result(): BatchResult {
    return {
      done: this.#done,
      failed: this.#failed,
      gone: this.#gone,
      stopped: [...this.#inHand.values()].map((entry) => ({ pod: entry.pod.name, stage: stageOf(entry, entry.stage) })),
      queued: this.#queue.map((pod) => pod.name),
      notes: this.#notes,
      ...(this.#became.size > 0 && { became: [...this.#became.values()] }),
      ...(this.#passed.size > 0 && { passed: Object.fromEntries(this.#passed) }),
    };
  }

  /** Every pod of the batch with its state, in the order of the batch. */
  progress(): readonly PodStatus[] {
    const reasons = new Map(this.#failed.map((failure) => [failure.pod, failure.reason]));
    const done = new Set(this.#done);
    const gone = new Set(this.#gone);
    return this.#options.pods.map((pod) => {
      const successor = this.#became.get(pod.name);
      const { name, uid } = successor ?? pod;
      const stage = this.#inHand.get(name)?.stage;
      const reason = reasons.get(name);
      const waitsFor = stage && this.#waits.get(name);
      const passed = this.#passed.get(pod.name) ?? [];
      const ended =
        reason !== undefined
          ? 'failed'
          : done.has(name)
            ? this.#options.undo
              ? 'undone'
              : 'done'
            : gone.has(name)
              ? 'gone'
              : 'queued';
      return {
        name,
        uid,
        state: stage ?? ended,
        ...(reason === undefined ? {} : { reason }),
        ...(waitsFor !== undefined && { waitsFor }),
        ...(successor && { replaces: successor.pod }),
        ...(passed.length > 0 && { log: podLog(passed) }),
      };
    });
  }

  /** Pods that were done and are down are in hand again: waited for as at first, and they use up what may be out of service. */
  #see(down: readonly string[], at: string): void {
    this.#down = new Set(down);
    // Whoever was done just now may have been seen a moment before: the next look tells.
    const fell = (name: string): boolean =>
      this.#down.has(name) && Date.parse(at) > (this.#doneAt.get(name) ?? 0) + justNowMs;
    for (const name of this.#done.filter(fell)) {
      const first = this.#firstNameOf(name);
      const pod = this.#options.pods.find((one) => one.name === first);
      if (pod === undefined) continue;
      this.#done.splice(this.#done.indexOf(name), 1);
      const { turns = 1 } = this.#options;
      const passed = this.#passed.get(first) ?? [];
      const { uid } = this.#became.get(first) ?? pod;
      const entry: Entry = {
        pod: { ...pod, name, uid },
        since: at,
        stage: 'wait',
        turn: turns - 1,
        passed,
        fell: true,
      };
      this.#inHand.set(name, entry);
      this.#put('wait', name);
    }
  }

  get #mayBeOut(): number {
    return Math.min(this.#options.maxUnavailable, this.budget?.out ?? Number.POSITIVE_INFINITY);
  }

  /** Failed pods are out of service in a forward batch; a rollback goes on without counting them. */
  get #failedCount(): number {
    return this.#options.undo ? 0 : this.#failed.filter(({ pod }) => !this.#inHand.has(pod)).length;
  }

  /** Forward, a pod whose drain failed before is back in traffic and is drained anew, when people say to go on. */
  #firstStage(pod: BatchPod): Stage | undefined {
    if (!pod.outOfTraffic || !this.#options.undo) return this.#options.stages[0];
    return this.#options.stages.find((stage) => stage !== 'drain' && stage !== 'silence');
  }

  /** Before the last turn of its containers a pod need not be ready as a whole. */
  #pass(name: string, stage: Stage, atMs: number): void {
    const entry = this.#inHand.get(name);
    const passed = passage(stage, atMs);
    const more = stage === 'wait' && (entry?.turn ?? 0) + 1 < (this.#options.turns ?? 1);
    if (passed !== undefined && !more) entry?.passed?.push(passed);
  }

  /** `carried`: the stage that the call itself went on with. */
  #advance(name: string, stage: Stage, at: string, carried: Stage | undefined): void {
    const entry = this.#inHand.get(name);
    if (entry === undefined) return;
    const { stages, turns = 1 } = this.#options;
    const again = stage === 'wait' && entry.turn + 1 < turns;
    if (again) entry.turn += 1;
    const next = again ? 'patch' : stages[stages.indexOf(stage) + 1];
    if (next !== undefined && next === carried) Object.assign(entry, { stage: next, since: at });
    else if (next !== undefined) this.#move(name, next, at);
    else {
      this.#inHand.delete(name);
      if (this.#failed.some((failure) => failure.pod === name)) return;
      this.#done.push(name);
      this.#doneAt.set(name, Date.parse(at));
    }
  }

  #firstNameOf(name: string): string {
    for (const { pod, name: now } of this.#became.values()) if (now === name) return pod;
    return name;
  }

  #nameNow(name: string): string {
    return this.#became.get(name)?.name ?? name;
  }

  /** From now on the other pod is in hand. */
  #replace(successor: Successor): void {
    const entry = this.#inHand.get(successor.pod);
    if (entry === undefined) return;
    const { name, uid } = successor;
    this.#inHand.delete(successor.pod);
    entry.pod = { ...entry.pod, name, uid };
    this.#inHand.set(name, entry);
    this.#became.set(successor.pod, successor);
  }

  #move(name: string, stage: Stage, at: string): void {
    const entry = this.#inHand.get(name);
    if (entry === undefined) return;
    entry.stage = stage;
    entry.since = at;
    this.#put(stage, name);
  }

  #put(stage: Stage, name: string): void {
    const names = this.#inbox.get(stage);
    if (names === undefined) this.#inbox.set(stage, [name]);
    else names.push(name);
  }
}
