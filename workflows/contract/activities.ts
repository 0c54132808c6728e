import type { BlueGreenActivities } from './blueGreen/activities.ts';
import type { CanaryActivities } from './canary/activities.ts';
import type { CheckSpec } from './check.schema.ts';
import type { ErrorCode } from './errors.ts';
import type { History } from './history.ts';
import type { PlannedHotSwap, SwapStep } from './hotSwap/plan.ts';
import type { Target } from './names.ts';
import type { BudgetRoom, Images } from './observation.ts';
import type { Plan, PlannedPod, PlannedTemplate, PlannedTraffic, PodRef, TemplateSource } from './plan.ts';
import type { PodOrder } from './planner/ordering.ts';
import type { RunningRelease } from './planner/supersede.ts';
import type { ReleaseRecord } from './record.ts';
import type { PlannedReload } from './reload.ts';
import type { ContainerResources } from './resize.ts';
import type { SettledEnd } from './status.ts';
import type { NotifyTarget, TrafficSource } from './traffic.schema.ts';

import type { TrafficLook } from './trafficLook.ts';
import type { WarmUp } from './warmUp.ts';
import type { TrafficInput } from './workflows.ts';

/**
 * The activities of one cluster, as the workflows call them: task queue `sluice.<cluster>`.
 * Every one can run again and finds its own work done. Errors are ApplicationFailures whose type is a code of the
 * error table. Those that take pods are vectorised: they answer per pod and throw only when nothing could be done.
 */
export interface ClusterActivities extends BlueGreenActivities, CanaryActivities {
  /** Validates the spec (it may come by hand from the Temporal UI), observes, checks permissions and images, dry-runs the patch, and plans. Touches nothing. */
  plan(request: PlanRequest): Promise<Plan>;

  /**
   * Pulls images on some nodes, by a pod of ours on each. Returns when some of the nodes have them or failed, with
   * the others as `later`. Its pods stay until endPrePull.
   */
  prePull(request: PrePullRequest): Promise<PrePulled>;
  /** Deletes all pods of prePull for this workload, those of earlier releases too. */
  endPrePull(request: HeldRequest): Promise<void>;

  /** Takes the workload: pauses its controller and leaves the trail (marks.release, marks.before). WORKLOAD_BUSY if another has it, WORKLOAD_CHANGED if its UID or template is not the planned one. */
  acquire(request: AcquireRequest): Promise<Acquired>;
  /** Gives it back as it was, without the trail. Runs after the commit, and last in a rollback. @throws WORKLOAD_CHANGED where that would roll out somebody else's change, unless it is adopted */
  release(request: ReleaseRequest): Promise<void>;

  /** Prepares the workload's way out of traffic (for a Service: labels on pods and ReplicaSet, then its selector). */
  openTraffic(request: TrafficRequest): Promise<void>;
  /** Takes all of that away, in reverse order. */
  closeTraffic(request: TrafficRequest): Promise<void>;

  /**
   * Recreate: from now on pods are born from the template on this side of the change, with the marks of the release; or,
   * without births, from the old template, as before. Returns when its controller has seen that.
   */
  bear(request: BearRequest): Promise<void>;
  /** Deletes the pods, and answers who was born in their place. Returns when some of those are there, with the others as `later`. */
  recreate(request: HandfulRequest): Promise<Handful>;

  /**
   * Of pods that stand beside those in whose place they are: takes the old ones out of traffic, waits for silence, and
   * deletes them.
   */
  retire(request: HandfulRequest): Promise<Handful>;
  /** The same for all that are left apart by this release, or by one that was terminated, whatever became of the new ones. */
  sweep(request: SweepRequest): Promise<void>;

  /** Looks at the pods of one batch before its first drain: which are there, who is down, how each stands in traffic. */
  prepare(request: PrepareRequest): Promise<Prepared>;
  drain(request: HandfulRequest): Promise<Handful>;
  /** Returns when some of the pods have had no connection for quietMs (short linger), with the others as `later`. */
  silence(request: HandfulRequest): Promise<Handful>;
  /** Writes the images, or has containers reload. A pod that is so already is done without a write. */
  patch(request: HandfulRequest): Promise<Handful>;
  /** Returns when some of the pods are ready on the wanted images or have failed (short linger), with the others as `later`. */
  wait(request: HandfulRequest): Promise<Handful>;
  check(request: HandfulRequest): Promise<Handful>;
  /** Puts the pods back as their snapshot says, and sees that they are back. */
  restore(request: HandfulRequest): Promise<Handful>;
  /** Gives pods that are back the share of their weight that is due, and at the end all of it, as before; the others are `later`. */
  warm(request: HandfulRequest): Promise<Handful>;
  /** Sees for some minutes that drained pods stay out: those that came back by themselves are taken out again. */
  keepOut(request: KeepOutRequest): Promise<void>;

  /**
   * Looks whether the workload still is what the release goes by. @throws WORKLOAD_NOT_FOUND where it was deleted,
   * WORKLOAD_CHANGED where somebody else changed its template, resumed it or took our mark away
   */
  survey(request: SurveyRequest): Promise<Surveyed>;
  /** Whether the workload's template and every pod have the new version, whoever brought it. Touches nothing. */
  arrived(request: ArrivedRequest): Promise<{ readonly all: boolean }>;
  /** Makes the change the workload's own template; leaves it paused. */
  commit(request: CommitRequest): Promise<void>;
  /** After WORKLOAD_CHANGED: undoes what somebody else did to the workload, which the release then holds as before. */
  takeOver(request: HeldRequest): Promise<void>;
  /** Undoes a commit: the old template again; a history entry, if it was made, taken away. */
  uncommit(request: CommitRequest): Promise<void>;

  /**
   * Before a batch of a scale down, and in the rollback of one up: which pods go, chosen anew where others are there than
   * planned, and marked, so that their controller takes these. @throws as `survey`; WORKLOAD_CHANGED for another number
   */
  pick(request: PickRequest): Promise<Picked>;
  /** Sets the number of pods. @throws WORKLOAD_CHANGED where it is none of `expects`, PODS_OVERTAKEN where others than `leaving` would go */
  scale(request: ScaleRequest): Promise<void>;
  /** Waits for pods to be born, and answers the newest. @throws POD_FAILED when they are not there in time */
  born(request: BornRequest): Promise<Born>;
  /** Waits for pods to be told to end, and answers those in whose place others went. @throws POD_FAILED */
  left(request: LeftRequest): Promise<Left>;
  /** Takes the marks of `pick` off pods that stay: their pod-deletion-cost is what it was. */
  spare(request: HeldRequest): Promise<void>;
  /** Keeps HorizontalPodAutoscalers from scaling; what they were is written on them. */
  holdScalers(request: ScalersRequest): Promise<void>;
  /** Gives them back as they were, or with bounds that hold the new number. */
  releaseScalers(request: ScalersRequest): Promise<void>;

  notify(request: NotifyRequest): Promise<void>;

  /** Keeps the record of an ended release beside the workload, with the native revision that it became. Idempotent by run id. */
  record(request: RecordRequest): Promise<void>;
  /** Native revisions and records of a workload. Touches nothing. */
  history(request: HistoryRequest): Promise<History>;
  /** Who of a workload is in traffic, through what is named and every Service that selects its pods. Touches nothing. */
  traffic(request: TrafficInput): Promise<TrafficLook>;
}

export interface PlanRequest {
  /** What the person wrote; validated here. */
  readonly spec: unknown;
  /** The release that runs, whose place this one is to take. */
  readonly supersedes?: RunningRelease;
}

/** Which release of which workload. `holder` is what marks.release says: `<workflow id>|<first run id>`. */
export interface HeldRequest {
  readonly target: Target;
  /** UID of the workload. */
  readonly uid: string;
  readonly holder: string;
}

export interface PrePullRequest extends HeldRequest {
  readonly images: Images;
  readonly nodes: readonly PullNode[];
  /** How long one node may take, from its `since`. */
  readonly timeoutMs: number;
}

export interface PullNode {
  readonly node: string;
  /** When the workflow handed it over for the first time, ISO 8601. */
  readonly since: string;
}

/** Answer per node; each node of the request is in exactly one list. */
export interface PrePulled {
  readonly done: readonly string[];
  readonly failed: readonly PullFailure[];
  readonly later: readonly string[];
}

export interface PullFailure {
  readonly node: string;
  /** IMAGE_PULL_FAILED: a pod that is changed there would not come back. PRE_PULL_FAILED: nobody knows. */
  readonly code: 'IMAGE_PULL_FAILED' | 'PRE_PULL_FAILED';
  readonly reason: string;
}

/** From what pods are born. */
export interface Births {
  /** Which side of the change of the template. */
  readonly side: 'from' | 'to';
  /** marks.template of the new version: pods that are born from `to` have it, those from `from` have not. */
  readonly mark: string;
}

export interface BearRequest extends HeldRequest {
  /** Absent: as before the change. */
  readonly births?: Births;
}

export interface ReleaseRequest extends HeldRequest {
  /** Whatever the template is now: its native controller rolls it out. */
  readonly adopt?: boolean;
  /** After a commit: the images of the version before, which becomes native history. */
  readonly keeps?: Images;
  /** More than images changed: the templates that were kept for it go. */
  readonly recreated?: true;
}

export interface AcquireRequest extends HeldRequest {
  /** Template images that the plan was made from. */
  readonly from: Images;
  /** Where more than images changes: both templates are kept in the cluster until the release is over. */
  readonly template?: PlannedTemplate;
}

export interface Acquired {
  /** What the workload was before; also in its marks.before. */
  readonly before: { readonly paused: boolean };
}

export interface TrafficRequest extends HeldRequest {
  readonly through: readonly TrafficSource[];
}

export interface PrepareRequest extends HeldRequest, PodsLook {}

/** What is looked at before the first drain of a batch. */
export interface PodsLook {
  readonly through: readonly TrafficSource[];
  readonly pods: readonly PodRef[];
  /** PodDisruptionBudgets too. */
  readonly budgets?: boolean;
}

/** How one pod stood in traffic before its drain: one entry for each source of `through`, in its order. */
export type TrafficSnapshot = readonly unknown[];

export interface Prepared {
  /** Pods of the request that are there (same UID). */
  readonly pods: readonly PreparedPod[];
  readonly gone: readonly string[];
  /** Other pods of the workload that are out of service now: they count against maxUnavailable. */
  readonly downElsewhere: readonly string[];
  /** The tightest PodDisruptionBudget of the workload, where it was looked for. */
  readonly budget?: BudgetRoom;
}

export interface PreparedPod extends PodRef {
  readonly ready: boolean;
  readonly traffic: TrafficSnapshot;
}

export interface HandfulPod extends PodRef {
  /** Whether it was ready before its release. A rollback asks no more of a pod than that. */
  readonly wasReady: boolean;
  /** What it shall run; by container, only those that change. */
  readonly images?: Images;
  readonly traffic?: TrafficSnapshot;
  /** Of one that warms up: the share of its own weight that is due, percent; absent: all of it. */
  readonly share?: number;
  /** When the workflow handed it to this stage for the first time, ISO 8601: for time-outs that outlive a retry. */
  readonly since: string;
}

/** Pods that are out of traffic, each with how it stood before. */
export interface KeepOutRequest extends HeldRequest {
  readonly through: readonly TrafficSource[];
  readonly pods: readonly (PodRef & Pick<HandfulPod, 'traffic'>)[];
}

/** What becomes of the pods of a batch, whichever handful they come in. */
export interface PodRules {
  /** What the pods shall run, unless the pod says otherwise. */
  readonly images: Images;
  /** What their containers shall ask for and may have, where that changes in the pods that live. */
  readonly resources?: ContainerResources;
  readonly traffic: PlannedTraffic;
  readonly checks: readonly CheckSpec[];
  readonly minReadyMs: number;
  readonly readyTimeoutMs: number;
  /** Containers reload instead; `images` are empty. */
  readonly reload?: PlannedReload;
  /** Connections are handed over within each pod: forward `images` count for nothing, in a rollback they are what was in the pair. */
  readonly hotSwap?: PlannedHotSwap;
  /** A rollback: a pod that was not ready before (`wasReady`) is done as soon as it runs the wanted images. */
  readonly undo: boolean;
}

/** One handful of pods for one stage of the pump. */
export interface HandfulRequest extends HeldRequest, PodRules {
  readonly batch: string;
  readonly pods: readonly HandfulPod[];
  /** Pods are made anew: from what. */
  readonly births?: Births;
  /** Before the old ones go: those are set apart, and go in `retire`. */
  readonly surge?: true;
  /** Those that are put back come with less callers at first. */
  readonly warmUp?: WarmUp;
  /** The containers of a pod change one after another: whose turn it is. `images` are those up to them. */
  readonly turn?: Turn;
  /**
   * Stages that the call may go on with for the pods that are done with its own, as long as that goes quickly (below a
   * second): what it saves is a round trip through Temporal for each stage.
   */
  readonly goOn?: readonly CarriedStage[];
  /** `version` of the drain before this one, which another worker may have made: judge by nothing older. */
  readonly version?: string;
}

export interface SweepRequest extends HeldRequest {
  readonly traffic: PlannedTraffic;
  readonly readyTimeoutMs: number;
}

export interface Turn {
  readonly containers: readonly string[];
  /** None comes after them. Until then a pod need not be ready as a whole: those that have changed must be. */
  readonly last: boolean;
  /** Of a hot swap. */
  readonly step?: SwapStep;
}

export type CarriedStage = 'patch' | 'wait' | 'restore';

/** Answer per pod, by name; each pod of the request is in exactly one list. */
export interface Handful {
  readonly done: readonly string[];
  readonly failed: readonly PodFailure[];
  /** Try again. */
  readonly later: readonly string[];
  /** No pod of that name and UID any more. */
  readonly gone: readonly string[];
  /**
   * Of those that are `later`: they had come back into traffic by themselves, and were taken out again. Callers may have found
   * them anew, so their time in this stage begins again.
   */
  readonly again?: readonly string[];
  /** Of those that are done: they were so before this batch, and nothing was written. */
  readonly asWas?: readonly string[];
  /** What people must know of pods that are done: silence that could not be proven, a Service left without endpoint. */
  readonly notes?: readonly PodNote[];
  /** What those that are to be tried again wait for, where that is known: `3 connections left: …`. */
  readonly waits?: readonly PodNote[];
  /** Of a drain: resourceVersion of its last write to a pod. */
  readonly version?: string;
  /** The call went on with those that are done: what became of each of them in the stage that follows. */
  readonly wentOn?: {
    readonly stage: CarriedStage;
    readonly answer: Handful;
    /** How long that stage took, without those after it. */
    readonly tookMs?: number;
  };
  /** Of pods that are done because they were made anew: who is in their place from now on. */
  readonly became?: readonly Successor[];
}

/** A pod in the place of another one. */
export interface Successor extends PodRef {
  /** Name of the one that it replaces. */
  readonly pod: string;
}

export interface PodNote {
  readonly pod: string;
  /** One sentence for the status: `Silence could not be proven (the image has no cat); waited 5s instead.` */
  readonly text: string;
}

export interface PodFailure {
  readonly pod: string;
  readonly code: ErrorCode;
  /** For people: `CrashLoopBackOff: back-off 10s restarting failed container app`. */
  readonly reason: string;
}

export interface SurveyRequest extends HeldRequest, PodOrder {
  /** Which pods are looked for: those that do not run these images. */
  readonly images: Images;
  /** The template's images before the release. */
  readonly from: Images;
  /** Where pods are made anew, not the images tell who is looked for, but the mark that pods have, or have not. */
  readonly template?: TemplateMark;
  /** Where resources change in pods that live: who has not these. */
  readonly resources?: ContainerResources;
  /** Where containers reload: who does not run it; in a rollback, whom this release has left a trace on. */
  readonly reload?: PlannedReload;
  /** On the way forward of a hot swap: who has not begun, whichever container the new version goes into. */
  readonly hotSwap?: PlannedHotSwap;
  /** Fingerprint of the pods that the release expects not to run `images`. */
  readonly expected: string;
  /** A rollback looks for pods only, whatever else was changed. */
  readonly undo: boolean;
  /** The batch that is next where all is as expected: its pods are prepared in the same call. */
  readonly next?: PodsLook;
}

export interface ArrivedRequest extends HeldRequest {
  /** The new ones. */
  readonly images: Images;
  /** What makes the new template, where more than images changes. */
  readonly source?: TemplateSource;
}

export interface TemplateMark {
  /** marks.template of the new version. */
  readonly mark: string;
  /** Whether the pods shall have it: not in a rollback. */
  readonly wanted: boolean;
}

export interface Surveyed {
  readonly replicas: number;
  /** All pods that do not run `images`, in the order of a batch; left out where they are as expected. */
  readonly pods?: readonly PlannedPod[];
  /** Of `next`, where all is as expected. */
  readonly prepared?: Prepared;
}

export interface PickRequest extends HeldRequest, PodOrder {
  /** The number that the workload shall have now; a rollback takes whatever it has. */
  readonly replicas?: number;
  /** How many pods are left in the end. */
  readonly to: number;
  /** Pods that are planned to go, in order. */
  readonly planned: readonly PodRef[];
  /** How many of those that go are marked: the next batch. */
  readonly now: number;
}

export interface Picked {
  /** All pods that go, in order; left out where they are those that are planned. */
  readonly pods?: readonly PlannedPod[];
}

export interface ScaleRequest extends HeldRequest {
  readonly replicas: number;
  /** The numbers that it may have now. Absent: whatever it has. */
  readonly expects?: readonly number[];
  /** The pods that shall go by it. */
  readonly leaving: readonly PodRef[];
}

export interface BornRequest extends HeldRequest {
  /** So many pods must be there. */
  readonly replicas: number;
  /** How many of the newest are asked for. */
  readonly count: number;
  /** UIDs that are none of them: of pods from before, which may be as young. */
  readonly except: readonly string[];
  /** Since when it is waited, ISO 8601. */
  readonly since: string;
  readonly timeoutMs: number;
  /** Of the template: what they are expected to run. */
  readonly images: Images;
}

export interface Born {
  /** The newest last; `from` where an admission webhook has given one other images. */
  readonly pods: readonly PlannedPod[];
}

export interface LeftRequest extends HeldRequest {
  readonly pods: readonly PodRef[];
  /** How many pods are left. */
  readonly replicas: number;
  readonly since: string;
  readonly timeoutMs: number;
}

export interface Left {
  /** Names of pods that are still there, as others went. */
  readonly stayed: readonly string[];
}

export interface ScalersRequest extends HeldRequest {
  readonly scalers: readonly string[];
  readonly from: number;
  readonly to: number;
  /** Their bounds shall hold `to`. */
  readonly bound: boolean;
}

export interface CommitRequest extends HeldRequest {
  readonly from: Images;
  readonly to: Images;
  /** Written as kubernetes.io/change-cause. */
  readonly cause: string;
  /** marks.template of the new version, where more than images changes: the templates are those that `acquire` kept. */
  readonly mark?: string;
  /** The new ones, where they change in pods that live: none is made anew. */
  readonly resources?: ContainerResources;
  readonly hotSwap?: PlannedHotSwap;
}

export interface RecordRequest {
  readonly target: Target;
  /** UID of the workload: one that was made anew does not get it. */
  readonly uid: string;
  readonly record: ReleaseRecord;
}

export interface HistoryRequest {
  readonly target: Target;
}

export interface NotifyRequest {
  readonly targets: readonly NotifyTarget[];
  readonly event: ReleaseEvent;
}

/** What a notifier sends. */
export interface ReleaseEvent {
  readonly id: string;
  readonly run: string;
  readonly kind: 'started' | 'gate' | 'failed' | 'rollingBack' | SettledEnd;
  readonly app: string;
  readonly version: string;
  readonly text: string;
  readonly at: string;
}
