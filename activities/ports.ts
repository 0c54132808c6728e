import type { Handful, HandfulRequest } from '../workflows/contract/activities/handful.ts';
import type {
  Acquired,
  AcquireRequest,
  BearRequest,
  CommitRequest,
  HeldRequest,
  ReleaseRequest,
} from '../workflows/contract/activities/hold.ts';
import type { ReleaseEvent } from '../workflows/contract/activities/record.ts';
import type { TrafficSnapshot } from '../workflows/contract/activities/survey.ts';
import type { DrainObservation } from '../workflows/contract/drain/observation.ts';
import type { DrainSpec } from '../workflows/contract/drain/spec.schema.ts';
import type { SluiceError } from '../workflows/contract/errors.ts';
import type { NativeRevision } from '../workflows/contract/history.ts';
import type { Target } from '../workflows/contract/names.ts';
import type { Images, Observation, RegistryFinding } from '../workflows/contract/observation.ts';
import type { Plan, PlannedTraffic, PodRef, TemplateSource } from '../workflows/contract/plan.ts';
import type { ContainerResources } from '../workflows/contract/resize.ts';
import type { ScaleObservation } from '../workflows/contract/scale/observation.ts';
import type { ScaleSpec } from '../workflows/contract/scale/spec.schema.ts';
import type { CheckSpec, NotifyTarget, ReleaseSpec, TrafficSource } from '../workflows/contract/spec.ts';
import type { Standing } from '../workflows/contract/trafficLook.ts';
import type { Connection } from './kubernetes/types.ts';
import type { Pod, PodTemplate } from './kubernetes/wire.ts';

/** A pod of a request, with its newest state that is known (never older than what this process wrote). */
export interface LivePod extends PodRef {
  readonly pod: Pod;
}

/** Something that the worker must be allowed to do, for a SelfSubjectAccessReview. `resource` as in `pods/exec`. */
export interface Access {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Of a resource without namespaces. */
  readonly clusterWide?: true;
}

/** A kind of workload. One file each in activities/kubernetes/, registered in workloads.ts. */
export interface Workload {
  readonly kind: string;
  /** What an owner reference calls it. */
  readonly owner: { readonly apiVersion: string; readonly kind: string };
  readonly access: readonly Access[];
  /** Throws WORKLOAD_NOT_FOUND (with the names there are), WORKLOAD_UNFIT. */
  observe(target: Target): Promise<ObservedWorkload>;
  /** Whether `pod`, which its selector found, is one of its own. */
  owns(target: Target, pod: Pod): boolean;
  /** The number of a pod, for a kind that numbers them: the highest is changed first. */
  ordinal?(pod: Pod): number;
  /** Takes it: its controller moves nothing from now on. See ClusterActivities.acquire. */
  acquire(request: AcquireRequest): Promise<Acquired>;
  release(request: ReleaseRequest): Promise<void>;
  /** Throws WORKLOAD_NOT_FOUND or WORKLOAD_CHANGED where it is not as `acquire` left it. */
  requireUnchanged(held: HeldRequest): Promise<ObservedWorkload>;
  /** See ClusterActivities.takeOver. */
  takeOver(held: HeldRequest): Promise<void>;
  /**
   * Pods born from now on carry these labels; null takes one away. The live pods are not touched: the answer is what
   * they need besides, to be counted among those.
   */
  labelBirths(request: HeldRequest, labels: Labels): Promise<Labels>;
  /**
   * What is there now, not what a watch has heard: all its pods, where `own` were, and how many of those that carry the
   * labels of births kube-controller-manager has seen, whose controllers share one watch of pods. Also where it is gone.
   */
  seen(held: HeldRequest, own: readonly Pod[]): Promise<Seen>;
  /** Writes the images and resources of the pods, in place, with the marks. Those that have them are done without a write. */
  upgrade(pods: readonly LivePod[], change: PodChange): Promise<Handful>;
  /** Whether the API server would take that change of each pod, admission and all: a dry run, nothing is written. */
  rehearse(pods: readonly LivePod[], change: PodChange): Promise<Handful>;
  /** Throws PATCH_REFUSED if the API server would not take these images in the workload's template: a dry run. */
  rehearseCommit(target: Target, images: Images): Promise<void>;
  /** The templates only; pods that were born in between are found by the caller. See ClusterActivities.commit. */
  commit(request: CommitRequest): Promise<void>;
  uncommit(request: CommitRequest): Promise<void>;
  /** How its number of pods is set; a kind without one cannot be scaled. */
  readonly scaling?: Scaling;
  /** How its pods are made anew from another template. */
  readonly recreation: Recreation;
  /** What its controller keeps of it, newest first, with its UID. Throws WORKLOAD_NOT_FOUND. */
  revisions(target: Target): Promise<{ readonly uid: string; readonly revisions: readonly NativeRevision[] }>;
}

/** The number of pods of a kind, and which of them go. */
export interface Scaling {
  readonly access: readonly Access[];
  /** What its controller goes by, whatever is chosen: pods of a lower rank go first. */
  rank(pod: Pod): number;
  /** Sets the number through the API of all kinds that have one. @throws WORKLOAD_CHANGED where it is none of `expects` */
  set(held: Pick<HeldRequest, 'target' | 'uid'>, number: NumberChange): Promise<void>;
  /** Makes its controller take these pods before others of their rank; they remember what they were. */
  choose(pods: readonly Pod[], holder: string): Promise<void>;
  /** Undoes that for pods of this or an ended scale that stay. */
  spare(pods: readonly Pod[], holder: string): Promise<void>;
}

export interface NumberChange {
  readonly replicas: number;
  readonly expects?: readonly number[] | undefined;
  /** Through validation and admission only. */
  readonly dryRun?: boolean;
}

/** How pods of a kind are made anew, see ClusterActivities.bear. `acquire` keeps both templates, `release` drops them. */
export interface Recreation {
  /** What it needs besides. */
  readonly access: readonly Access[];
  /**
   * The new template as the API server would keep it, and whether a pod could be born from it: dry runs.
   * @throws PATCH_REFUSED with what the API server says; REVISION_NOT_FOUND
   */
  preview(target: Target, source: TemplateSource): Promise<PodTemplate>;
  bear(request: BearRequest): Promise<void>;
  /** See ClusterActivities.recreate; `surge` for a kind without `noSurge` only. */
  replace(request: HandfulRequest, pods: PodsOf): Promise<Handful>;
}

/** To set; null takes one away. */
export type Labels = Readonly<Record<string, string | null>>;

export interface Seen {
  readonly pods: readonly Pod[];
  /** It has seen all that carry the labels. */
  readonly all: boolean;
  /** It counts pods that carry them no more: what it knows of pods is from before they lost them. */
  readonly outdated: boolean;
}

export interface PodChange {
  readonly holder: string;
  readonly batch: string;
  /** What a pod shall run, by its name. */
  readonly images: (pod: string) => Images;
  /** What its containers shall ask for and may have. */
  readonly resources?: ContainerResources;
  /** What else is noted on it in the same write. */
  readonly annotations?: (pod: string) => Readonly<Record<string, string>>;
  /** Tell the answer of every write. */
  readonly wrote: (pod: Pod) => void;
}

export interface ObservedWorkload {
  readonly uid: string;
  readonly replicas: number;
  readonly paused: boolean;
  readonly minReadySeconds: number;
  readonly template: PodTemplate;
  /** Images of the revisions that its controller keeps, newest first. */
  readonly revisionImages: readonly Images[];
  /** Label selector of its pods, as `kubectl get pods -l` takes it. */
  readonly selector: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** marks.release, where a release holds it. */
  readonly holder?: string;
  /** What has it and writes it: a custom resource, by way of its operator. `Kafka shop`. */
  readonly ownedBy?: string;
  /** Why it cannot be released as it is; looks further, so that only what asks pays for it. */
  readonly unfit?: () => SluiceError | undefined | Promise<SluiceError | undefined>;
}

/**
 * One kind of way in which callers find the pods, for all sources of that key in `through` (several Services share one
 * label), or one service registry. One file each in activities/traffic/, registered in traffic/index.ts, for registries
 * see traffic/registries/; made anew for each activity.
 * Everything is vectorised and can run again. An answer is by pod; a method throws only when nothing could be done.
 */
export interface Traffic {
  /** Its key in the spec: `service`, `readinessGate`. */
  readonly key: string;
  readonly access: readonly Access[];
  /** Throws when it cannot serve (SERVICE_NOT_FOUND, REGISTRY_UNUSABLE, …). Looked at before the plan; touches nothing. */
  inspect(): Promise<readonly RegistryFinding[] | void>;
  /** So long callers may go on with what they found before the drain. Absent: they hear of it at once. */
  readonly callersCacheMs?: number;
  /** Prepares the way out, before the first drain; nothing changes for callers. */
  open?(): Promise<void>;
  /** Takes all of that away. Also runs when `open` failed half-way, or the workload has pods that it never saw. */
  close?(): Promise<void>;
  /** How each pod stands now, by name: one plain JSON value for each source, kept by the workflow and given back. */
  snapshot(pods: readonly LivePod[]): Promise<ReadonlyMap<string, TrafficSnapshot>>;
  /** How each pod stands now, for people: by name, one for each source. Touches nothing. */
  stands(pods: readonly LivePod[]): Promise<ReadonlyMap<string, readonly Standing[]>>;
  /** Takes them out: the write, where no Service loses its last endpoint by it. The others are `later`. */
  drain(pods: readonly PumpedPod[], rules: TrafficRules): Promise<Handful>;
  /** Sees them out: no caller is sent to those that are `done`; calls under way may still run. Waits a little. */
  seeOut(pods: readonly PumpedPod[], rules: TrafficRules): Promise<Handful>;
  /** One look at drained pods: those that came back by themselves are taken out again. Absent: none can. */
  keepOut?(pods: readonly PumpedPod[]): Promise<void>;
  /** How soon after one such look it wants the next while containers stop, ms. Absent: a second will do. */
  readonly keepOutEveryMs?: number;
  /** Puts them back as the snapshot says. `done`: seen to be back. Waits a little for that, then says `later`. */
  restore(pods: readonly PumpedPod[], rules: TrafficRules): Promise<Handful>;
  /** Gives pods that are back the share of their weight that is due. `done`: seen to have it. Absent: it has no weights. */
  warm?(pods: readonly PumpedPod[], rules: TrafficRules): Promise<Handful>;
}

/** All sources of `through` as one: taken out in their order, put back in reverse; what the activities call. */
export interface TrafficPath
  extends Omit<Traffic, 'key' | 'open' | 'close' | 'seeOut' | 'inspect' | 'callersCacheMs' | 'warm'> {
  inspect(): Promise<readonly RegistryFinding[]>;
  open(): Promise<void>;
  close(): Promise<void>;
  /**
   * Sees the pods out of all sources, then waits until some have had no inbound connection for quietMs (short linger,
   * about 10 s at most), others `later`; after maxDrainMs as onDrainTimeout says. Goes by connections, whatever the
   * sources are.
   */
  silence(pods: readonly PumpedPod[], rules: TrafficRules): Promise<Handful>;
  warm(pods: readonly PumpedPod[], rules: TrafficRules): Promise<Handful>;
}

/** A pod in a stage of the pump. */
export interface PumpedPod extends LivePod {
  /** Its snapshot: one entry for each source, in their order. None: it is taken as one that serves. */
  readonly before?: TrafficSnapshot;
  /** When it came to this stage, ISO 8601. */
  readonly since: string;
  /** See HandfulPod. */
  readonly share?: number;
}

/** `readyTimeoutMs` bounds how long a pod may take to be seen back; `undo`: a rollback, which goes on after time-outs. */
export type TrafficRules = Pick<PlannedTraffic, 'quietMs' | 'maxDrainMs' | 'onDrainTimeout' | 'silence'> &
  Pick<HandfulRequest, 'readyTimeoutMs' | 'undo' | 'warmUp'>;

export interface TrafficDeps {
  /** Bound to the worker's life, not to the activity: the shared watches hang on it. */
  readonly kube: Connection;
  /** The activity's: ends calls and waits. */
  readonly signal: AbortSignal;
  readonly held: HeldRequest;
  readonly workload: Workload;
  /** All pods of the workload, and where to tell what a write answered, so that nobody judges an older state. */
  readonly pods: PodsOf;
}

export interface PodsOf {
  all(): readonly Pod[];
  /** The pod of that name and UID that is there now. */
  find(ref: PodRef): Pod | undefined;
  /** Calls `listener` soon after pods changed, until the function that it answers is called. */
  subscribe(listener: () => void): () => void;
  /** Tell the answer of every write to a pod. */
  wrote(pod: Pod): void;
}

export type Verdict = { readonly result: 'pass' | 'fail' | 'unsure'; readonly reason: string };

/** One check of the spec, run on pods that are ready. One file each in activities/verify/. */
export interface Check {
  /** Its key in the spec: `http`, `prometheus`. */
  readonly key: string;
  /** What it is when it stays unsure: failed, or for people to decide. */
  readonly undecided: 'CHECK_FAILED' | 'CHECK_UNDECIDED';
  /** Verdict by pod name. One run, no retries; throws only when it could not be run at all. */
  run(pods: readonly LivePod[]): Promise<ReadonlyMap<string, Verdict>>;
}

export interface CheckDeps {
  readonly kube: Connection;
  readonly signal: AbortSignal;
}

/** Tells somebody. One file each in activities/notify/. Throws when it could not; the activity is tried again. */
export interface Notifier {
  readonly key: string;
  send(event: ReleaseEvent): Promise<void>;
}

/** What the other rooms of activities/ give to createActivities: one factory for each registry. */
export interface Factories {
  /** activities/traffic/index.ts */
  readonly createTraffic: (through: readonly TrafficSource[], deps: TrafficDeps) => TrafficPath;
  /** activities/verify/index.ts */
  readonly createCheck: (check: CheckSpec, deps: CheckDeps) => Check;
  /** activities/notify/index.ts */
  readonly createNotifier: (target: NotifyTarget, deps: { readonly signal: AbortSignal }) => Notifier;
  /** workflows/contract/validate.schema.ts. Throws SPEC_INVALID. */
  readonly validateSpec: (spec: unknown) => ReleaseSpec;
  /** workflows/contract/planner.ts. Pure. Throws a SluiceError where there is no plan. */
  readonly planRelease: (spec: ReleaseSpec, observation: Observation) => Plan;
  /** workflows/contract/scale/validate.schema.ts. Throws SPEC_INVALID. */
  readonly validateScale: (spec: unknown) => ScaleSpec;
  /** workflows/contract/scale/planner.ts. Pure, as planRelease. */
  readonly planScale: (spec: ScaleSpec, observation: ScaleObservation) => Plan;
  /** workflows/contract/drain/validate.schema.ts. Throws SPEC_INVALID. */
  readonly validateDrain: (spec: unknown) => DrainSpec;
  /** workflows/contract/drain/planner.ts. Pure, as planRelease. */
  readonly planDrain: (spec: DrainSpec, observation: DrainObservation) => Plan;
}
