import type {
  V1APIResourceList,
  V1ConfigMap,
  V1ControllerRevision,
  V1DaemonSet,
  V1Deployment,
  V1EndpointSlice,
  V1Ingress,
  V1IngressClass,
  V1Namespace,
  V1Node,
  V1ObjectMeta,
  V1Pod,
  V1PodDisruptionBudget,
  V1ReplicaSet,
  V1ResourceQuota,
  V1RuleWithOperations,
  V1Scale,
  V1SelfSubjectAccessReview,
  V1Service,
  V1StatefulSet,
  V1ValidatingAdmissionPolicy,
  V1ValidatingWebhookConfiguration,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';

/**
 * An API object as it goes over the wire: the client's types with times as strings and nothing converted.
 * Its generated (de)serialisers are not used: they drop the fields they do not know, and a template that is copied
 * from a newer API server would lose them.
 */
type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Wire<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Wire<T[Key]> }
      : T;

type Metadata = Wire<V1ObjectMeta> & {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
};

/** An object that the API server gave: it has a name, a UID and a resource version. */
type Stored<T> = Omit<Wire<T>, 'metadata'> & { readonly metadata: Metadata };

type WithSpec<T extends { readonly spec?: unknown }> = T & { readonly spec: NonNullable<T['spec']> };

/** The number of pods of a workload, whatever its kind; its UID and resource version are those of the workload. */
export type Scale = Stored<V1Scale>;
export type Pod = WithSpec<Stored<V1Pod>>;
export type Ingress = WithSpec<Stored<V1Ingress>>;
export type IngressClass = Stored<V1IngressClass>;
export type Deployment = WithSpec<Stored<V1Deployment>>;
export type ReplicaSet = WithSpec<Stored<V1ReplicaSet>>;
export type StatefulSet = WithSpec<Stored<V1StatefulSet>>;
export type DaemonSet = WithSpec<Stored<V1DaemonSet>>;
/** Of OpenKruise (apps.kruise.io/v1alpha1), as far as a release looks at it. */
export interface CloneSet {
  readonly metadata: Metadata;
  readonly spec: Pick<
    StatefulSet['spec'],
    'replicas' | 'selector' | 'template' | 'minReadySeconds' | 'revisionHistoryLimit'
  > & {
    readonly updateStrategy?: { readonly paused?: boolean; readonly partition?: number | string };
    readonly lifecycle?: { readonly inPlaceUpdate?: object };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updateRevision?: string;
    readonly currentRevision?: string;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly updatedReadyReplicas?: number;
  };
}
/**
 * Of a StatefulSet, a DaemonSet or a CloneSet: `data` is a patch that puts the revision's template into it. One of ours (see
 * keptTemplates.ts) holds both templates of a change.
 */
export type ControllerRevision = Omit<Stored<V1ControllerRevision>, 'data'> & {
  readonly data?: {
    readonly spec?: { readonly template?: PodTemplate & { readonly $patch?: string } };
    readonly from?: PodTemplate;
    readonly to?: PodTemplate;
  };
};
export type Service = WithSpec<Stored<V1Service>>;
export type ConfigMap = Stored<V1ConfigMap>;
export type EndpointSlice = Stored<V1EndpointSlice>;
export type Node = WithSpec<Stored<V1Node>>;
export type Namespace = Stored<V1Namespace>;
export type HorizontalPodAutoscaler = WithSpec<Stored<V2HorizontalPodAutoscaler>>;
export type PodDisruptionBudget = WithSpec<Stored<V1PodDisruptionBudget>>;
export type ResourceQuota = Stored<V1ResourceQuota>;
/** Of admissionregistration.k8s.io: on what a webhook or a policy is asked. */
export type AdmissionRule = Wire<V1RuleWithOperations>;
/** A ValidatingWebhookConfiguration or a MutatingWebhookConfiguration. */
export type AdmissionWebhooks = Stored<V1ValidatingWebhookConfiguration>;
/** A ValidatingAdmissionPolicy or a MutatingAdmissionPolicy. */
export type AdmissionPolicy = Stored<V1ValidatingAdmissionPolicy>;
/** What one group and version of the API has: its resources by name, subresources as `pods/resize`. */
export type ApiResources = Wire<V1APIResourceList>;
export type AccessReview = Wire<V1SelfSubjectAccessReview>;

export type PodTemplate = Deployment['spec']['template'];
export type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];
