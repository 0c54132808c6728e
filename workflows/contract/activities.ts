import type { Handful, HandfulRequest, KeepOutRequest, SweepRequest } from './activities/handful.ts';
import type {
  Acquired,
  AcquireRequest,
  ArrivedRequest,
  BearRequest,
  CommitRequest,
  HeldRequest,
  ReleaseRequest,
  TrafficRequest,
} from './activities/hold.ts';
import type { PrePulled, PrePullRequest } from './activities/prePull.ts';
import type { HistoryRequest, NotifyRequest, RecordRequest } from './activities/record.ts';
import type {
  Born,
  BornRequest,
  Left,
  LeftRequest,
  Picked,
  PickRequest,
  ScaleRequest,
  ScalersRequest,
} from './activities/scale.ts';
import type { Prepared, PrepareRequest, Surveyed, SurveyRequest } from './activities/survey.ts';
import type { BlueGreenActivities } from './blueGreen/activities.ts';
import type { CanaryActivities } from './canary/activities.ts';
import type { History } from './history.ts';
import type { Plan } from './plan.ts';
import type { RunningRelease } from './planner/supersede.ts';
import type { TrafficLook } from './trafficLook.ts';
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
