import type { SluiceError } from '../../../workflows/contract/errors.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import type { Labels, Scaling } from '../../ports.ts';
import type { Place } from '../claims.ts';
import type { Resource } from '../resources.ts';
import type { Connection } from '../types.ts';
import type { CloneSet, ControllerRevision, DaemonSet, Pod, StatefulSet } from '../wire.ts';
import type { Standstill } from './standstill.ts';

/** An update strategy, as far as it says whether pods are moved. */
export type Strategy =
  | (Partial<NonNullable<StatefulSet['spec']['updateStrategy'] | DaemonSet['spec']['updateStrategy']>> &
      CloneSet['spec']['updateStrategy'])
  | undefined;

/** What these kinds have in common: a template, a strategy, and a history of ControllerRevisions. */
export interface AnySet extends Pick<StatefulSet, 'metadata'> {
  readonly spec: Pick<StatefulSet['spec'], 'selector' | 'template' | 'minReadySeconds' | 'revisionHistoryLimit'> & {
    readonly updateStrategy?: Strategy;
  };
  readonly status?: { readonly observedGeneration?: number };
}

/** What an owner reference calls it. */
export const ownerOf = ({ resource: { group, version }, owner }: SetKind) => ({
  apiVersion: `${group}/${version}`,
  kind: owner,
});

/** In what they differ. */
export interface SetKind<T extends AnySet = AnySet> {
  /** As a target names it. */
  readonly name: string;
  /** As an owner reference does. */
  readonly owner: string;
  readonly resource: Resource<T>;
  /** What keeps its controller from moving pods. */
  readonly standstill: Standstill;
  /** How many pods it wants. */
  replicas(set: T): number;
  /** Name of the revision of its template; undefined until its controller has made it. `revisions`: oldest first. */
  newest(set: T, revisions: readonly ControllerRevision[]): string | undefined;
  /** What the pods of a revision are labelled with (revisionLabel). */
  labelOf(name: string, revisions: readonly ControllerRevision[]): string;
  /** What pods with that label have besides. */
  labelsBeside?(label: string): Labels;
  /** Whether its controller has begun to change a pod that has the label of the new revision already. */
  isInHand?(pod: Pod): boolean;
  /** Its controller is none of kube-controller-manager's, and does not tell what the endpoint controller knows. */
  readonly elsewhere?: true;
  /** How many pods with the label of the newest revision its controller has seen, by its status. */
  counted(set: T): { readonly least: number; readonly most: number };
  /** By how much revisionHistoryLimit is raised while a release holds it. 0: what pods are of is not counted as history. */
  readonly room: number;
  /** What a pod has in common with the one in whose place it is born, where there is such a thing. */
  readonly place?: Place;
  /** Why it cannot be released as it is. */
  unfit?(set: T, target: Target): SluiceError | undefined;
  /** The number of a pod, where pods have numbers: the highest is changed first. */
  readonly ordinal?: (pod: Pod) => number;
  /** How its number of pods is set; one without cannot be scaled. */
  scaling?(kube: Connection, signal: AbortSignal): Scaling;
}
