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
}

/** Out of service before its turn: not ready, or left out of traffic by a batch that was stopped. */
const isDown = (pod: BatchPod): boolean => !pod.wasReady || pod.outOfTraffic === true;

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
  /** Pods outside the batch that are out of service now. */
  downElsewhere: number;
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

  /** Moves pods from the queue to their first stage, as many as may be out of service. `at`: now, ISO 8601. */
  admit(at: string): void {
    const stillQueued: BatchPod[] = [];
    let waitingDown = this.#queue.filter(isDown).length;
    for (const pod of this.#queue) {
      const down = this.#inHand.size + this.downElsewhere + this.#failedCount + waitingDown;
      const allowed = isDown(pod) ? this.#inHand.size < this.#options.maxUnavailable : down < this.#mayBeOut;
      const stage = allowed ? this.#firstStage(pod) : undefined;
      if (stage === undefined) {
        stillQueued.push(pod);
        continue;
      }
      if (isDown(pod)) waitingDown -= 1;
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
      if (!this.#inHand.has(failure.pod)) continue;
      this.#failed.push({ ...failure, stage });
      this.#inHand.get(failure.pod)?.passed?.push(passageOf('failed', atMs));
      // A pod that the others do not wait for still belongs into traffic: its readiness decides there.
      if (!this.mustStop && !mayBeBack(stage) && this.#options.stages.includes('restore')) {
        this.#move(failure.pod, 'restore', at);
      } else this.#inHand.delete(failure.pod);
    }
    if (wentOn !== undefined) this.settle(wentOn.stage, wentOn.answer, at);
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

  result(): BatchResult {
    return {
      done: this.#done,
      failed: this.#failed,
      gone: this.#gone,
      stopped: [...this.#inHand.values()].map(({ pod, stage }) => ({ pod: pod.name, stage })),
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
      if (!this.#failed.some((failure) => failure.pod === name)) this.#done.push(name);
    }
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
