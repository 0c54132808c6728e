import type { PlannedBlueGreen } from './blueGreen/plan.ts';
import type { PlannedCanary } from './canary/plan.ts';
import type { CheckSpec } from './check.schema.ts';
import type { PlannedDrain } from './drain/plan.ts';
import type { PlannedHotSwap } from './hotSwap/plan.ts';
import type { Target } from './names.ts';
import type { Images } from './observation.ts';
import type { PodOrder } from './planner/ordering.ts';
import type { Quantity } from './quantity.schema.ts';
import type { PlannedReload } from './reload.ts';
import type { PlannedResize } from './resize.ts';
import type { PlannedScale } from './scale/plan.ts';
import type { SilenceSpec } from './silence.schema.ts';
import type { ReleaseSpec } from './spec.ts';
import type { TemplatePatch } from './template.schema.ts';
import type { NotifyTarget, TrafficSource } from './traffic.schema.ts';
import { warmUpText } from './warmUp.ts';

/**
 * What a release will do: made once by the planner from spec and observation, shown to the approver,
 * stored by the workflow, carried out by the batches. Times are milliseconds.
 */
export interface Plan {
  readonly app: string;
  readonly target: Target;
  /** UID of the workload that was planned. */
  readonly uid: string;
  readonly mode: PlannedMode;
  readonly change: PlannedChange;
  /** It changes the number of pods, and no image: `change` has only words then. */
  readonly scale?: PlannedScale;
  /** It takes pods out of traffic and puts them back, and changes nothing: `change` has only words then. */
  readonly drain?: PlannedDrain;
  /** Mode BlueGreen. */
  readonly blueGreen?: PlannedBlueGreen;
  /** Mode Canary. */
  readonly canary?: PlannedCanary;
  /** What is pulled before anything is touched; none where every node has the images, or nothing may be pulled. */
  readonly prePull?: PlannedPrePull;
  /** First the gray group, then the batches; none is empty, no pod is in two. */
  readonly batches: readonly PlannedBatch[];
  readonly replicas: number;
  /** Pods that may be out of service at once, at least 1. */
  readonly maxUnavailable: number;
  /** Pods are made anew, and so many newborns may stand beside the old ones, which go when those serve: none is out of service. */
  readonly surge?: number;
  /** Ignore, or absent in releases of before: only maxUnavailable counts. */
  readonly disruptionBudgets?: ReleaseSpec['strategy']['disruptionBudgets'];
  readonly minReadyMs: number;
  readonly readyTimeoutMs: number;
  /** So long after a pod is back its place is not free. */
  readonly warmUpMs?: number;
  /** Shares of the weight of an instance at which it is meanwhile, see WarmUp; the ways in that have none are a pause. */
  readonly warmUpWeights?: readonly number[];
  readonly traffic: PlannedTraffic;
  readonly checks: readonly CheckSpec[];
  readonly notify: readonly NotifyTarget[];
  readonly onFailure: 'Rollback' | 'Hold';
  readonly rollback: 'AtOnce' | 'InBatches';
  /** What the sizes come from: for the same division of another number of pods, when the workload is scaled. */
  readonly shape: PlannedShape;
  readonly limits: PlannedLimits;
  /** What is written besides the pods, in order, for people. */
  readonly writes: readonly string[];
  readonly estimateSeconds: number;
  readonly warnings: readonly PlanWarning[];
}

export interface PlannedMode {
  readonly asked:
    | 'InPlaceIfPossible'
    | 'InPlaceOnly'
    | 'Recreate'
    | 'BlueGreen'
    | 'Canary'
    | 'HotReload'
    | 'HotSwap'
    | 'Scale'
    | 'Drain';
  /** Recreate, BlueGreen, Canary: `change.template` says from what; HotReload: `change.reload` how; HotSwap: `change.hotSwap`. */
  readonly used: 'InPlace' | 'Recreate' | 'BlueGreen' | 'Canary' | 'HotReload' | 'HotSwap' | 'Scale' | 'Drain';
  /** Why, for people. */
  readonly reason: string;
}

/** A plan without its batches: they are kept, pods and all, where they change. */
export type PlanHead = Omit<Plan, 'batches'>;

/** Sizes of batches, or how many there are of even size. */
export type Shares = readonly Quantity[] | { readonly count: number };

/** The quantities of the spec from which the numbers of the plan were made. */
export interface PlannedShape extends PodOrder {
  readonly batches: Shares;
  /** Some of the batches chose their pods: those that are planned stay in their batch, `batches` are their numbers. */
  readonly selected?: true;
  readonly maxUnavailable: Quantity;
  readonly failureThreshold?: Quantity;
  /** The gate after each batch, whichever it is. */
  readonly gate: Omit<PlannedGate, 'id'>;
  /** What had begun when people changed the division in mid-release: `batches` are shares of what was left then. */
  readonly base?: Begun;
}

/** Batches besides the gray group that have begun. */
export interface Begun {
  /** The number of the last one: 3 for `batch-3`; 0 where none has. */
  readonly batches: number;
  /** Their pods that are there. */
  readonly pods: number;
}

/** How long things may take; what waits (for approval, a pause, a hold, a budget) does not count. */
export interface PlannedLimits {
  readonly batchMs?: number;
  /** Without any pod coming a stage further. */
  readonly progressMs: number;
}

/** The change of the pod template; `to` is what is written, digest and all. Only changed containers. */
export interface PlannedChange {
  readonly from: Images;
  readonly to: Images;
  /** What to call the new version: the tag of the first changed image. */
  readonly version: string;
  readonly fromVersion: string;
  /** Groups of containers that change one after another in each pod, each container in one; none: all at once. */
  readonly order?: ContainerOrder;
  /** `to` is the same image as `from`, spelled in another way: containers restart. */
  readonly restart?: true;
  /** Where more than images changes, or pods are made anew; `from` and `to` may then be empty. */
  readonly template?: PlannedTemplate;
  /** What differs in `template` are resources, which pods get where they are; nothing is made anew. */
  readonly resize?: PlannedResize;
  /** Containers reload and nothing restarts: `from` and `to` are empty, and the template stays. */
  readonly reload?: PlannedReload;
  /** `from` and `to` are the pair of the template; a pod with its roles the other way round keeps them so. */
  readonly hotSwap?: PlannedHotSwap;
}

/** A patch of the template as it is, or a revision that the workload's controller keeps. */
export type TemplateSource = { readonly patch: TemplatePatch } | { readonly revision: number };

/** The templates of a change that is more than images: what pods are made anew from, where they are. */
export interface PlannedTemplate {
  /** Fingerprint of the template that the plan was made from. */
  readonly from: string;
  /** What the pods of the new template bear (marks.template): no other change of the same template has it. */
  readonly to: string;
  /** Where the new one comes from. */
  readonly source: TemplateSource;
  /** Where they differ besides in images: `spec.containers[0].env`. */
  readonly differs: readonly string[];
}

/** At least two groups, none of them empty. */
export type ContainerOrder = readonly (readonly string[])[];

/** The new images are pulled on these nodes, by a short-lived pod on each. */
export interface PlannedPrePull {
  /** Nodes with pods to change that are not known to have the images, in the order of those pods. */
  readonly nodes: readonly string[];
  /** How long one node may take. */
  readonly timeoutMs: number;
  /** A node that could not pull stops the release, whatever the reason. */
  readonly required: boolean;
}

export interface PlannedBatch {
  /** `gray`, `batch-1`, `batch-2`, … */
  readonly name: string;
  readonly pods: readonly PlannedPod[];
  /** How many of its pods may fail without stopping the release. */
  readonly mayFail: number;
  /** The gate after it; the last batch has one too, before the commit. */
  readonly gate: PlannedGate;
}

/** A pod by name and UID: one that was born again under its name is another pod. */
export interface PodRef {
  readonly name: string;
  readonly uid: string;
}

export interface PlannedPod extends PodRef {
  readonly node: string;
  /** Value of `order.spreadBy` on its node, where it has one. */
  readonly zone?: string;
  readonly ready: boolean;
  /** Its images before, where they are not those of the template. */
  readonly from?: Images;
}

export interface PlannedGate {
  /** `after-gray`, `after-batch-1`, … */
  readonly id: string;
  readonly bakeMs: number;
  readonly approval?: PlannedApproval;
  /** An approval ends the bake time. */
  readonly early?: true;
}

export interface PlannedApproval {
  readonly required: number;
  /** Who may approve; empty: anybody. */
  readonly from: readonly string[];
  readonly expiresMs?: number;
  readonly onExpiry: 'hold' | 'rollback';
}

export interface PlannedTraffic {
  readonly through: readonly TrafficSource[];
  readonly quietMs: number;
  readonly maxDrainMs: number;
  readonly onDrainTimeout: 'Stop' | 'Continue';
  readonly silence?: SilenceSpec;
}

export interface PlanWarning {
  readonly code:
    | 'NO_DRAIN'
    | 'NOT_REGISTERED'
    | 'OUT_ALREADY'
    | 'NO_WEIGHTS'
    | 'NOT_SWITCHED'
    | 'CANARY_CROWDED'
    | 'AUTOSCALER'
    | 'DISRUPTION_BUDGET'
    | 'SUPERSEDES'
    | 'PAUSED_ALREADY'
    | 'LEFT_HELD'
    | 'NODE_LOST'
    | 'GITOPS_OWNER'
    | 'OPERATOR'
    | 'NO_RECORD'
    | 'REGISTRY_SILENT'
    | 'TAG_MOVED'
    | 'NO_PRE_PULL'
    | 'GRAY_SMALLER'
    | 'LEFTOVER_BATCH'
    | 'MIXED_VERSIONS'
    | 'NO_READINESS_PROBE'
    | 'PODS_NOT_READY';
  readonly message: string;
}

/** The template that pods are made anew from; undefined where they change as they are. */
export const anewFrom = ({
  template,
  resize,
}: Pick<PlannedChange, 'template' | 'resize'>): PlannedTemplate | undefined =>
  resize === undefined ? template : undefined;

/** For people: `at most 3 out of service at once`. */
export function boundText({
  surge,
  maxUnavailable,
  warmUpMs,
  warmUpWeights,
}: Pick<Plan, 'surge' | 'maxUnavailable' | 'warmUpMs' | 'warmUpWeights'>): string {
  const bound =
    surge === undefined
      ? `at most ${maxUnavailable} out of service at once`
      : `at most ${surge} new ones beside the old at once, none out of service`;
  return warmUpMs === undefined
    ? bound
    : `${bound}; one that is back warms up for ${warmUpText(warmUpMs, warmUpWeights)}`;
}
