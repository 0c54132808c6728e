import type { BlueGreenObservation } from './blueGreen/observation.ts';
import type { CanaryObservation } from './canary/observation.ts';
import type { Target } from './names.ts';
import type { TemplateSource } from './plan.ts';
import type { RunningRelease } from './planner/supersede.ts';
import type { ContainerResources, ResizePreview } from './resize.ts';

/** Image by container name. */
export type Images = Readonly<Record<string, string>>;

/** What the cluster has, read once before the plan. Plain data; the planner needs nothing else. */
export interface Observation {
  readonly target: Target;
  /** UID of the workload: a workload that was deleted and made again is another one. */
  readonly uid: string;
  readonly replicas: number;
  /** Images of the pod template, init containers left out. */
  readonly templateImages: Images;
  /** Images of the revisions that its controller keeps, newest first: by what names they were known. */
  readonly revisionImages: readonly Images[];
  readonly minReadySeconds: number;
  readonly paused: boolean;
  /** A release of this workload that will never end (its workflow was terminated) still holds it. */
  readonly leftHeld: boolean;
  /** Conditions that the template declares as readiness gates. */
  readonly readinessGates: readonly string[];
  readonly pods: readonly ObservedPod[];
  readonly findings: Findings;
  /** What the change makes of the pod template; only where more than images, or Recreate, is asked for. */
  readonly preview?: Preview;
  /** Only where mode BlueGreen is asked for. */
  readonly blueGreen?: BlueGreenObservation;
  /** Only where mode Canary is asked for. */
  readonly canary?: CanaryObservation;
  /** The release that holds it now, whose place the one that is planned takes. */
  readonly supersedes?: RunningRelease;
}

/** A pod template and what a patch makes of it, as far as the plan needs to know. */
export interface Preview {
  /** Fingerprint of the template as it is. */
  readonly from: string;
  /** Where the new one comes from; of a restart the annotation that kubectl sets. In a patch images are as written. */
  readonly source: TemplateSource;
  /** Images of the new one, init containers left out. */
  readonly images: Images;
  /** Where the new one differs besides in the images of containers that are there: `spec.containers[0].env`. */
  readonly differs: readonly string[];
  /** Where they differ in resources of containers besides images, and in nothing else. */
  readonly resize?: ResizePreview;
}

export interface ObservedPod {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  /** Whether its node reports to the API server; nothing that is asked of a lost one happens. */
  readonly nodeReady: boolean;
  /** Labels of the node: for `select.nodes` and `order.spreadBy`. */
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly ready: boolean;
  readonly createdAt: string;
  readonly images: Images;
  /** What each container that was started runs, as its node says: `registry/checkout@sha256:…`, or an ID of the node's own. */
  readonly imageIDs: Images;
  /** What its containers ask for and may have. */
  readonly resources?: ContainerResources;
  /** Of a workload that numbers its pods: the highest is changed first. */
  readonly ordinal?: number;
  /** marks.template: the change that it was born from. */
  readonly template?: string;
  /** By container: the version that it was brought to by a reload, and still runs. */
  readonly reloaded?: Readonly<Record<string, string>>;
  /** marks.release: the release that changed it last. */
  readonly changedBy?: string;
}

/** What else was looked at before the plan; each becomes a warning or a note in it. */
export interface Findings {
  /** Digest by container where the registry answered; of a restart that of the image as the template writes it. */
  readonly digests: Readonly<Record<string, string>>;
  /** By ID of an image that a node did not pull: the digest under which the registry has that very image. */
  readonly ownImages: Readonly<Record<string, string>>;
  /** Containers whose registry did not answer, with the reason. */
  readonly registrySilent: Readonly<Record<string, string>>;
  /** Names of HorizontalPodAutoscalers that scale the workload. */
  readonly autoscalers: readonly string[];
  /** Those of them that multiply a ratio by all ready pods of the selector, each with how far it may go. Absent: none. */
  readonly multiplying?: readonly { readonly name: string; readonly max: number }[];
  /** PodDisruptionBudgets that select its pods, the tightest first. */
  readonly budgets: readonly BudgetRoom[];
  /** Who else writes the workload: `Argo CD application shop/checkout`, `Flux Kustomization …`, `Helm release …`. */
  readonly owners: readonly string[];
  /** The custom resource that has it, and whose operator writes it: `Kafka shop`. Absent: none. */
  readonly ownedBy?: string;
  /** Services that select its pods, for the warning that they are not drained. */
  readonly services: readonly string[];
  /** Those of them whose selector asks for our label, though no release is under way. */
  readonly openServices: readonly string[];
  /** What the worker may not do that keeping a record needs: `create configmaps in shop`. Absent: nothing. */
  readonly unrecorded?: readonly string[];
  /** What pods are still out of, though no release is under way. */
  readonly leftOut?: readonly LeftOut[];
  /** How the pods stand in the service registries of traffic.through, in their order. */
  readonly registries?: readonly RegistryFinding[];
  /** Seconds from a pod's start until its probe can pass, from the template's probes. */
  readonly probeSeconds: number;
  readonly prePull: PrePullFindings;
}

/** Pods that a release which is no more has left out of a service registry, by name. */
export interface LeftOut {
  /** As `sourceText` calls it. */
  readonly source: string;
  readonly pods: readonly string[];
}

/** What one service registry says of the pods of the workload, by name. */
export interface RegistryFinding {
  /** As `sourceText` calls it. */
  readonly source: string;
  /** Ready, and not registered there. */
  readonly missing: readonly string[];
  /** Taken out by somebody else: they stay out. */
  readonly disabled: readonly string[];
}

/** A PodDisruptionBudget, and how many pods of the workload it lets be out of service, those that are already included. */
export interface BudgetRoom {
  readonly name: string;
  readonly out: number;
}

/** Whether and where the new images have to be pulled before the first pod is changed. */
export interface PrePullFindings {
  /** What the worker would need for it and may not do: `create pods in shop`. */
  readonly missing: readonly string[];
  /**
   * Nodes that are ready, with those of the asked images, as written and as pinned, that need no pull there. A node
   * lists no more than 50 images: one that it does not list may be there all the same.
   */
  readonly nodes: Readonly<Record<string, readonly string[]>>;
}
