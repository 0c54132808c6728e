import type { SluiceError } from '../../../workflows/contract/errors.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import type { Resource } from '../resources.ts';
import type { ControllerRevision, DaemonSet, Pod, StatefulSet } from '../wire.ts';

/** What StatefulSets and DaemonSets have in common: a template, a strategy, and a history of ControllerRevisions. */
export interface AnySet extends Pick<StatefulSet, 'metadata'> {
  readonly spec: Pick<StatefulSet['spec'], 'selector' | 'template' | 'minReadySeconds' | 'revisionHistoryLimit'> & {
    readonly updateStrategy?: StatefulSet['spec']['updateStrategy'] | DaemonSet['spec']['updateStrategy'];
  };
  readonly status?: { readonly observedGeneration?: number };
}

/** In what the two differ. */
export interface SetKind<T extends AnySet = AnySet> {
  /** As a target names it. */
  readonly name: string;
  /** As an owner reference does. */
  readonly owner: string;
  readonly resource: Resource<T>;
  /** How many pods it wants. */
  replicas(set: T): number;
  /** Name of the revision of its template; undefined until its controller has made it. `revisions`: oldest first. */
  newest(set: T, revisions: readonly ControllerRevision[]): string | undefined;
  /** What the pods of a revision are labelled with. */
  labelOf(name: string, revisions: readonly ControllerRevision[]): string;
  /** How many pods with the label of the newest revision its controller has seen, by its status. */
  counted(set: T): { readonly least: number; readonly most: number };
  /** By how much revisionHistoryLimit is raised while a release holds it. 0: what pods are of is not counted as history. */
  readonly room: number;
  /** Why it cannot be released as it is. */
  unfit?(set: T, target: Target): SluiceError | undefined;
  /** The number of a pod, where pods have numbers: the highest is changed first. */
  readonly ordinal?: (pod: Pod) => number;
}
