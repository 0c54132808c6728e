import type { NativeConnectionOptions } from '@temporalio/worker';

/** How one worker process runs. Times are milliseconds. */
export interface WorkerConfig {
  readonly temporal: TemporalAccess;
  /** Name of the cluster that this worker changes: its activities are polled from `sluice.<cluster>`. */
  readonly cluster: string;
  /** Kubeconfig file; undefined: KUBECONFIG, ~/.kube/config, or the service account inside a cluster. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Which queues it polls. A worker inside a cluster may leave the workflows to another one. Default: both. */
  readonly roles?: readonly WorkerRole[];
  /** host:port of /healthz and /readyz, loopback unless given; undefined: none. */
  readonly health?: string;
  /** host:port where Temporal's metrics are served for Prometheus; undefined: nowhere. */
  readonly metrics?: string;
  /** How long activities may go on after a SIGTERM before they are given up (Temporal hands them to another worker). Default 10000. */
  readonly shutdownGraceMs?: number;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** Where log lines go. Default: JSON lines on stderr. */
  readonly log?: (line: WorkerLogLine) => void;
}

/** Where the Temporal server is and how to get in; the settings of the client fit. */
export interface TemporalAccess {
  /** host:port of the gRPC frontend. */
  readonly address: string;
  readonly namespace: string;
  /** Who named the address, for error messages. */
  readonly source?: string;
  readonly tls?: NativeConnectionOptions['tls'];
  readonly apiKey?: string;
}

export type WorkerRole = 'workflows' | 'activities';

export interface WorkerLogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
