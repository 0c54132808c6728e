import type { ErrorCode } from '../../workflows/contract/errors.ts';
import type {
  AccessReview,
  AdmissionPolicy,
  AdmissionWebhooks,
  ApiResources,
  CloneSet,
  ConfigMap,
  ControllerRevision,
  DaemonSet,
  Deployment,
  EndpointSlice,
  HorizontalPodAutoscaler,
  Ingress,
  IngressClass,
  Namespace,
  Node,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ResourceQuota,
  Scale,
  Service,
  StatefulSet,
} from './wire.ts';

/** A resource of the API: where it lives, and what its objects are (`T` is only for the types). */
export interface Resource<T> {
  readonly group: string;
  readonly version: string;
  /** As in the path and in RBAC: `pods`, `pods/status`. */
  readonly name: string;
  readonly namespaced: boolean;
  /** Code of the error when an object is not there. */
  readonly missing: ErrorCode;
  /** Never set. */
  readonly object?: T;
}

const namespaced = <T>(group: string, version: string, name: string, missing: ErrorCode): Resource<T> => ({
  group,
  version,
  name,
  namespaced: true,
  missing,
});

export const pods = namespaced<Pod>('', 'v1', 'pods', 'NO_PODS');
/** How the resources of a pod that lives are changed; since Kubernetes 1.33. */
export const podResize = namespaced<Pod>('', 'v1', 'pods/resize', 'NO_PODS');
/** How an ephemeral container is put into a pod that lives; none can be taken out again. */
export const podEphemeralContainers = namespaced<Pod>('', 'v1', 'pods/ephemeralcontainers', 'NO_PODS');
export const podStatus = namespaced<Pod>('', 'v1', 'pods/status', 'NO_PODS');
export const services = namespaced<Service>('', 'v1', 'services', 'SERVICE_NOT_FOUND');
export const configMaps = namespaced<ConfigMap>('', 'v1', 'configmaps', 'NAMESPACE_NOT_FOUND');
export const endpointSlices = namespaced<EndpointSlice>(
  'discovery.k8s.io',
  'v1',
  'endpointslices',
  'SERVICE_NOT_FOUND',
);
export const deployments = namespaced<Deployment>('apps', 'v1', 'deployments', 'WORKLOAD_NOT_FOUND');
export const replicaSets = namespaced<ReplicaSet>('apps', 'v1', 'replicasets', 'WORKLOAD_NOT_FOUND');
export const statefulSets = namespaced<StatefulSet>('apps', 'v1', 'statefulsets', 'WORKLOAD_NOT_FOUND');
export const daemonSets = namespaced<DaemonSet>('apps', 'v1', 'daemonsets', 'WORKLOAD_NOT_FOUND');
/** Of OpenKruise, where it is installed. */
export const cloneSets = namespaced<CloneSet>('apps.kruise.io', 'v1alpha1', 'clonesets', 'WORKLOAD_NOT_FOUND');
export const controllerRevisions = namespaced<ControllerRevision>(
  'apps',
  'v1',
  'controllerrevisions',
  'WORKLOAD_NOT_FOUND',
);
/** Where objects of a resource are in the API, whatever they are. */
export type Location = Pick<Resource<unknown>, 'group' | 'version' | 'name'>;
/** The number of pods of a workload: `deployments` has `deployments/scale`. */
export const scaleOf = ({ group, version, name }: Location): Resource<Scale> =>
  namespaced(group, version, `${name}/scale`, 'WORKLOAD_NOT_FOUND');
export const autoscalers = namespaced<HorizontalPodAutoscaler>(
  'autoscaling',
  'v2',
  'horizontalpodautoscalers',
  'WORKLOAD_NOT_FOUND',
);
export const ingresses = namespaced<Ingress>('networking.k8s.io', 'v1', 'ingresses', 'ROUTE_NOT_FOUND');
export const ingressClasses: Resource<IngressClass> = {
  group: 'networking.k8s.io',
  version: 'v1',
  name: 'ingressclasses',
  namespaced: false,
  missing: 'ROUTE_NOT_FOUND',
};
export const budgets = namespaced<PodDisruptionBudget>('policy', 'v1', 'poddisruptionbudgets', 'WORKLOAD_NOT_FOUND');
export const resourceQuotas = namespaced<ResourceQuota>('', 'v1', 'resourcequotas', 'WORKLOAD_NOT_FOUND');
export const nodes: Resource<Node> = {
  group: '',
  version: 'v1',
  name: 'nodes',
  namespaced: false,
  missing: 'CLUSTER_UNREACHABLE',
};
export const namespaces: Resource<Namespace> = {
  group: '',
  version: 'v1',
  name: 'namespaces',
  namespaced: false,
  missing: 'NAMESPACE_NOT_FOUND',
};
/** Discovery of the core group: `/api/v1`, an object without a name. */
export const coreApi: Resource<ApiResources> = {
  group: '',
  version: 'v1',
  name: '',
  namespaced: false,
  missing: 'INTERNAL',
};
export const accessReviews: Resource<AccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  name: 'selfsubjectaccessreviews',
  namespaced: false,
  missing: 'INTERNAL',
};

const admission = <T>(version: string, name: string): Resource<T> => ({
  group: 'admissionregistration.k8s.io',
  version,
  name,
  namespaced: false,
  missing: 'INTERNAL',
});
export const admissionWebhooks: readonly Resource<AdmissionWebhooks>[] = [
  admission('v1', 'validatingwebhookconfigurations'),
  admission('v1', 'mutatingwebhookconfigurations'),
];
export const admissionPolicies: readonly Resource<AdmissionPolicy>[] = [
  admission('v1', 'validatingadmissionpolicies'),
  admission('v1', 'mutatingadmissionpolicies'),
  admission('v1beta1', 'mutatingadmissionpolicies'),
];
