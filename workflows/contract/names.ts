/** Names that outsiders rely on (design §4). Pure; the one place where they are spelled. */

/** What a release changes. `kind` in lower case as in kubectl: `deployment`. */
export interface Target {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** Workflow id of the release of `target`; it is also the lock: one release per workload. */
export const releaseId = (target: Target): string =>
  `release/${target.cluster}/${target.namespace}/${target.kind}/${target.name}`;

/** Workflow id of a plan that touches nothing; `nonce` keeps several apart. */
export const planId = (target: Target, nonce: string): string =>
  `plan/${target.cluster}/${target.namespace}/${target.kind}/${target.name}/${nonce}`;

/** Workflow id of a look at the history, which touches nothing; `nonce` keeps several apart. */
export const historyId = (target: Target, nonce: string): string =>
  `history/${target.cluster}/${target.namespace}/${target.kind}/${target.name}/${nonce}`;

/** Workflow id of a look at who is in traffic, which touches nothing; `nonce` keeps several apart. */
export const trafficId = (target: Target, nonce: string): string =>
  `traffic/${target.cluster}/${target.namespace}/${target.kind}/${target.name}/${nonce}`;

/** Workflow id of one batch, a child of the release. `run` is the first run id of the release. */
export const batchId = (release: string, run: string, batch: string): string => `${release}/${run}/${batch}`;

/** `release/local/shop/deployment/checkout` → its target; undefined where `id` is something else. */
export function targetOf(id: string): Target | undefined {
  const [prefix, cluster, namespace, kind, name, ...rest] = id.split('/');
  if (prefix !== 'release' || !cluster || !namespace || !kind || !name || rest.length > 0) return undefined;
  return { cluster, namespace, kind, name };
}

/**
 * What marks.release says of a release. `run`: its first run id. Temporal runs one workflow of an id at a time: a holder
 * with the id of a release that has just begun, and another run, has ended, however it did.
 */
export const holderOf = (id: string, run: string): string => `${id}|${run}`;

/** The workflow id in what marks.release says. */
export const idOfHolder = (holder: string): string => holder.slice(0, holder.lastIndexOf('|'));

/** `deployment/checkout`, as kubectl and our CLI print it. */
export const workloadName = (target: Pick<Target, 'kind' | 'name'>): string => `${target.kind}/${target.name}`;

/** Task queue of all workflows. */
export const workflowQueue = 'sluice';
/** Task queue of the activities that touch `cluster`. */
export const clusterQueue = (cluster: string): string => `sluice.${cluster}`;

/** Workflow types. */
export const workflowTypes = {
  release: 'release',
  batch: 'batch',
  plan: 'plan',
  history: 'history',
  scale: 'scale',
  drain: 'drain',
  traffic: 'traffic',
} as const;

/** Field manager of every write to the Kubernetes API. */
export const fieldManager = 'sluice';

/** Annotations and labels in the cluster. */
export const marks = {
  /** Annotation: the release that holds a workload, or changed a pod last, as `<workflow id>|<first run id>`. */
  release: 'sluice.dev/release',
  /** Annotation of a workload: JSON of what it was before, so that a crashed release can be put back. */
  before: 'sluice.dev/before',
  /** Label of a pod, and key in a Service's selector, while a release drains through that Service. */
  serving: 'sluice.dev/serving',
  /** Annotation of a pod: the release that took it out of traffic and has not put it back yet. */
  drained: 'sluice.dev/drained',
  /** Annotation of a pod: JSON of the service registries that it was taken out of, and how it stood there before. */
  outOf: 'sluice.dev/out-of',
  /** Label of a pod: the batch in which it was changed: `gray`, `batch-1`, … */
  podBatch: 'sluice.dev/batch',
  /** Annotation of a Service that is made for the pods of a canary: the Service beside which it stands. */
  canary: 'sluice.dev/canary',
  /** Annotation of a pod that is about to go: JSON of who chose it, and the pod-deletion-cost that it had. */
  leaving: 'sluice.dev/leaving',
  /** Annotation of a pod that was made anew: the change of the template that it was born from. */
  template: 'sluice.dev/template',
  /** Annotation of a pod: JSON of what was reloaded into its containers, see activities/reload/record.ts. */
  reloaded: 'sluice.dev/reloaded',
  /** Annotation of a pod: which container of a pair holds the connections since the last hot swap, or takes them over in it. */
  hotSwap: 'sluice.dev/hot-swap',
  /** Annotation of a pod that was made anew: UID of the one in whose place it is. */
  replaces: 'sluice.dev/replaces',
  /** Label of a pod that its ReplicaSet has no more, and that serves until another one does in its place. */
  apart: 'sluice.dev/apart',
  /** Label of a pod of ours that pulls an image: UID of the workload it does so for. */
  prePull: 'sluice.dev/pre-pull',
} as const;

/** Memo of a release's workflow: `run` is its name where it took the place of another release of the same workflow. */
export const memoKeys = { run: 'sluiceRun' } as const;

/** Temporal search attributes and their types. */
export const searchAttributes = {
  SluiceApp: 'KEYWORD',
  SluiceCluster: 'KEYWORD',
  SluiceNamespace: 'KEYWORD',
  SluicePhase: 'KEYWORD',
  SluiceVersion: 'KEYWORD',
  SluiceInitiator: 'KEYWORD',
  SluiceBatch: 'INT',
  SluiceWaiting: 'BOOL',
} as const;
