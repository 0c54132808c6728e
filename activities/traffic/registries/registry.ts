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
  /** Puts the instance that stands as `now` back to how it stood before. */
  putBack(now: Stand, before: Stand): Promise<void>;
  /** Removes what `takeOut` left for others than the pods of the workload; absent: it leaves nothing that outlasts an instance. */
  tidy?(pods: readonly LivePod[]): Promise<void>;
  /** Names of the services that the server has, for the refusal of one that it has not; absent: it cannot tell. */
  services?(): Promise<readonly string[]>;
}

/** How one instance stands. Plain JSON: it is kept on the pod and in the workflow. */
export interface Stand {
  /** What the registry calls it. */
  readonly id: string;
  /** Callers are sent to it. */
  readonly inTraffic: boolean;
  /** Somebody took it out in the way in which `takeOut` does: another release, or a person. */
  readonly takenOut: boolean;
  /** What else `putBack` needs. */
  readonly state?: Readonly<Record<string, string>>;
}

export type Found =
  | { readonly is: 'there'; readonly stand: Stand }
  | { readonly is: 'none' }
  /** More than one instance may be this pod. */
  | { readonly is: 'several'; readonly ids: readonly string[] }
  | { readonly is: 'unanswered'; readonly why: SluiceError };
