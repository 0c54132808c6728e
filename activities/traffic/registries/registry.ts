import type { SluiceError } from '../../../workflows/contract/errors.ts';
import type { LivePod } from '../../ports.ts';

/**
 * One service in one service registry: what an adapter is, one file each in this folder, registered in index.ts.
 * Everything else (order, mapping, trail, back-off, waiting, time-outs) is the same for all of them, in ../registry/.
 * Calls go through a RegistryClient, which throws a RegistryFailure; none of them waits for an effect.
 */
export interface Registry {
  /** How the instance of each pod stands now, by name of the pod; fresh, not out of a cache of the server. */
  look(pods: readonly LivePod[]): Promise<ReadonlyMap<string, Found>>;
  /**
   * Takes the instance out of traffic. It stays registered, and stays out while it heartbeats or registers again. `like`: how
   * it stood when its batch was looked at: out perhaps, by somebody else, before it came back by itself.
   */
  takeOut(stand: Stand, like?: Stand): Promise<void>;
  /** Puts the instance that stands as `now` back to how it stood before. `weight`: the one that it comes back with, where it is not the one that it has now. */
  putBack(now: Stand, before: Stand, weight?: Weight): Promise<void>;
  /**
   * Holds the place of an instance that has taken itself off: whoever registers as it is out from the first moment. `stand`: how it
   * stood when it was there. Does no harm to one that has registered meanwhile. A place that nobody takes away by `putBack`
   * goes within minutes. Absent: the registry remembers by itself who was out, or cannot.
   */
  hold?(stand: Stand, pod: LivePod): Promise<void>;
  /** Whoever registers anew is in traffic, whatever was written of the instance before, and no place can be held for it. */
  readonly forgets?: true;
  /** Removes what keeps out the next one that registers as `before`, who is not there; absent: nothing does, but a place. */
  forget?(before: Stand): Promise<void>;
  /** Absent: instances have no weights there, or none that can be changed for a while and be put back for sure. */
  readonly weights?: Weights;
  /** Removes what `takeOut` left for others than the pods of the workload; absent: it leaves nothing that outlasts an instance. */
  tidy?(pods: readonly LivePod[]): Promise<void>;
  /** Names of the services that the server has, for the refusal of one that it has not; absent: it cannot tell. */
  services?(): Promise<readonly string[]>;
}

/** By weights callers share their calls out among the instances: one of twice the weight gets twice as many. */
export interface Weights {
  /** So many digits behind the point a weight may have. */
  readonly decimals: number;
  /** Gives an instance that weight; whether it is out or in traffic stays as it is. */
  set(now: Stand, weight: Weight): Promise<void>;
}

export interface Weight {
  readonly is: number;
  /** The one that it has by itself: nothing of ours is left then. */
  readonly own: boolean;
}

/** How one instance stands. Plain JSON: it is kept on the pod and in the workflow. */
export interface Stand {
  /** What the registry calls it. */
  readonly id: string;
  /** Callers are sent to it. */
  readonly inTraffic: boolean;
  /** Somebody took it out in the way in which `takeOut` does: another release, or a person. */
  readonly takenOut: boolean;
  /** It is out by what `takeOut` left there for a pod that is no more: nobody wants it out. Then it is not `takenOut`. */
  readonly left?: true;
  /** It is out because its place is held: nobody has registered there (`place`), or somebody has, and `takeOut` has yet to follow. */
  readonly held?: 'place' | 'instance';
  /** The weight by which callers go, or would go; absent: the registry has none, or nobody can tell which one counts. */
  readonly weight?: number;
  /** What else `putBack` needs. */
  readonly state?: Readonly<Record<string, string>>;
}

export type Found =
  | { readonly is: 'there'; readonly stand: Stand }
  /** `place`: it is held. */
  | { readonly is: 'none'; readonly place?: Stand }
  /** More than one instance may be this pod. */
  | { readonly is: 'several'; readonly ids: readonly string[] }
  | { readonly is: 'unanswered'; readonly why: SluiceError };
