import type { Target } from '../../../workflows/contract/names.ts';
import type { App } from '../apps.ts';
import type { Requests } from '../measure/requests.ts';
import type { Stack } from '../stack.ts';
import type { BenchWorker } from '../worker.ts';

/** What a run takes place with. */
export interface Place {
  readonly stack: Stack;
  readonly worker: BenchWorker;
  readonly cluster: string;
  readonly app: App;
  readonly maxUnavailable: number;
}

/** What only some contenders can tell of a run. */
export interface Extras {
  readonly requests?: Requests;
  /** Events in the histories of the release and its batches. */
  readonly events?: number;
  /** Seconds, of the worker and of the Temporal server. */
  readonly workerCpu?: number;
  readonly temporalCpu?: number;
  readonly workerPeakMiB?: number;
}

/** Somebody who changes all pods of an application. */
export interface Contender {
  readonly name: string;
  readonly title: string;
  /** Name of whoever does the same the native way; default: the floor. */
  readonly beside?: string;
  /** Strategy that its Deployment needs. */
  strategy?(maxUnavailable: number): object;
  /** Its pods have a second container, and hand their connections over between the two. */
  readonly paired?: true;
  /** A kwok pod runs nothing that it could ask. */
  readonly kubeletOnly?: true;
  /** Returns when every pod is changed and ready. */
  run(place: Place): Promise<RunEnd>;
}

export interface RunEnd {
  /** Milliseconds from asking for the change to its end. */
  readonly ms: number;
  /** To be asked for when the run is over. */
  readonly extras?: () => Promise<Extras>;
}

export const targetOf = ({ cluster, app: { namespace, name } }: Place): Target => ({
  cluster,
  namespace,
  kind: 'deployment',
  name,
});
