/** The words of this room: what a part, a runtime and a stack are. Plain data, so that all of it can be written down. */
import type { BinaryName } from './binaries/catalog.ts';

/** How to ask a part whether it is ready. Data and not a function, because a later process must be able to ask again. */
export type Probe =
  /** Ready when GET answers 200 (or `status`). Files are PEM paths. */
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly status?: number;
      readonly caFile?: string;
      readonly certFile?: string;
      readonly keyFile?: string;
    }
  /** Ready when a TCP connection is accepted. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** Ready when a unix socket accepts a connection. */
  | { readonly kind: 'unix'; readonly path: string };

/** One supervised process of the stack. It outlives the command that starts it. */
export interface Part {
  /** Unique in a stack; also the name of its log file. */
  readonly name: string;
  /** Absolute path of the program. */
  readonly binary: string;
  readonly args: readonly string[];
  /** Added to a small inherited environment (PATH, HOME, TMPDIR). */
  readonly env?: Readonly<Record<string, string>>;
  readonly ready: Probe;
  /** How long it may take to become ready, in ms. Default 60 000. */
  readonly startTimeoutMs?: number;
  /** Time between SIGTERM and SIGKILL when it is stopped, in ms. Default 10 000. */
  readonly graceMs?: number;
  /** Ports it listens on; so that `up` knows a port in use as its own. */
  readonly ports?: readonly number[];
  /** Address to show to people, where it has one. */
  readonly address?: string;
  /**
   * Files whose content the process reads once at its start. When one of them changed since, `up` starts the part
   * again, as it does when its arguments or its program changed.
   */
  readonly configFiles?: readonly string[];
}

/** running: alive and answers its probe. starting: alive, does not answer (yet). dead: was started and is gone. */
export type PartState = 'running' | 'starting' | 'dead';

export interface PartReport {
  readonly name: string;
  readonly state: PartState;
  readonly pid?: number;
  readonly address?: string;
  readonly log: string;
  /** Why it is not running: what the probe said, or the last lines of the log. */
  readonly detail?: string;
}

export const runtimeNames = ['kwok', 'containerd'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

/** Ports that every stack has. A runtime may add its own names. */
export const basePorts = [
  'temporal',
  'temporalUi',
  'temporalHttp',
  'temporalMetrics',
  'etcd',
  'etcdPeer',
  'kubernetes',
  'controllerManager',
  'scheduler',
] as const;

/** Where things lie in the state directory. All paths absolute. */
export interface StackPaths {
  readonly root: string;
  /** Logs, one `<part>.log` each. */
  readonly logs: string;
  /** Records of started parts. */
  readonly run: string;
  /** Certificates and keys (0700). */
  readonly pki: string;
  /** Data that must survive `down`: etcd, the Temporal database, the runtime's own. */
  readonly data: string;
  /** Generated configuration files. */
  readonly config: string;
  /** Administrator kubeconfig (0600). */
  readonly kubeconfig: string;
}

/** Everything a runtime gets to know. */
export interface RuntimeContext {
  readonly paths: StackPaths;
  /** Port numbers by name: {@link basePorts} and what the runtime asked for. */
  readonly ports: Readonly<Record<string, number>>;
  /** Absolute paths of the binaries that were resolved for this run. */
  readonly binaries: Readonly<Partial<Record<BinaryName, string>>>;
  /** How many nodes were asked for. */
  readonly nodes: number;
  readonly report: ReportProgress;
  readonly signal?: AbortSignal;
  /** Issues (once) a client certificate of the cluster's CA and returns its PEM files. Groups become RBAC groups. */
  clientCertificate(
    name: string,
    groups: readonly string[],
  ): Promise<{ certFile: string; keyFile: string; caFile: string }>;
  /** Issues (once) a serving certificate for these DNS names and IP addresses. */
  servingCertificate(
    name: string,
    hosts: readonly string[],
  ): Promise<{ certFile: string; keyFile: string; caFile: string }>;
  /** Writes (once) a kubeconfig (0600) with a certificate of its own for that user; returns its path. */
  kubeconfigFor(user: string, groups: readonly string[]): Promise<string>;
  /**
   * Calls the API server as administrator. `path` is like `/api/v1/nodes`. Answers the parsed body with its status; throws only when no
   * answer came.
   */
  kubernetes(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<{ status: number; body: unknown }>;
}

/** What runs the pods: kwok plays them, containerd runs them. */
export interface Runtime {
  readonly name: RuntimeName;
  /** How many nodes it makes when nobody asks, and how many it can make. Default 3, and any number. */
  readonly nodes?: { readonly fallback: number; readonly most: number };
  /** Programs needed besides those of Temporal and the control plane. */
  readonly binaries: readonly BinaryName[];
  /** Names of further ports, with the number that is tried first (0: any). */
  readonly ports: Readonly<Record<string, number>>;
  /** Changes to the API server's arguments: flag without dashes → value. */
  apiServerFlags?(context: RuntimeContext): Readonly<Record<string, string>>;
  /** Refuses with LOCAL_UNSUPPORTED, before anything is resolved or started, what this machine cannot run. */
  check?(): Promise<void>;
  /** Before the control plane starts: devices, directories, configuration files. Must be repeatable. */
  prepare?(context: RuntimeContext): Promise<void>;
  /** The processes, in start order; started once the API server is ready. May create configuration and certificates. */
  parts(context: RuntimeContext): Promise<readonly Part[]>;
  /** After its parts are ready: nodes, add-ons; returns when the nodes are Ready. Must be repeatable. */
  settle?(context: RuntimeContext): Promise<void>;
  /** Before the parts are stopped, with the API server still up. */
  beforeStop?(context: Pick<RuntimeContext, 'paths' | 'ports' | 'report'>): Promise<void>;
  /** After all parts are stopped: what a process leaves behind (container shims, mounts, devices). */
  afterStop?(
    context: Pick<RuntimeContext, 'paths' | 'ports' | 'report'>,
    options: { readonly wipe: boolean },
  ): Promise<void>;
}

/** What happens during `up` and `down`, for a person or a program to follow. */
export type Progress =
  | {
      readonly kind: 'binary';
      readonly names: readonly string[];
      readonly step: 'downloading' | 'building' | 'ready' | 'unavailable';
      readonly detail?: string;
      /** 0…1 where it is known. */
      readonly fraction?: number;
    }
  | {
      readonly kind: 'part';
      readonly name: string;
      readonly step: 'starting' | 'ready' | 'kept' | 'restarting' | 'stopping' | 'stopped';
      readonly detail?: string;
      readonly ms?: number;
    }
  | { readonly kind: 'note'; readonly text: string };

export type ReportProgress = (progress: Progress) => void;

export interface UpOptions {
  /** Default: SLUICE_STATE_DIR, then $XDG_STATE_HOME/sluice, then ~/.local/state/sluice. */
  readonly stateDir?: string;
  /** Default kwok. Fixed for the life of the state directory: another one needs `down --wipe` first. */
  readonly runtime?: RuntimeName;
  /** Nodes of the kwok fleet. Default 3, or what the stack had before. */
  readonly nodes?: number;
  /** Ports that must be these. Refused with LOCAL_PORT_TAKEN when somebody else has one. Others are found. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly signal?: AbortSignal;
}

export interface DownOptions {
  readonly stateDir?: string;
  /** Forget everything: deletes what `up` wrote into the state directory. */
  readonly wipe?: boolean;
}

/** What `sluice env` prints. Values are strings ready for a shell. */
export interface StackEnvironment {
  readonly KUBECONFIG: string;
  readonly TEMPORAL_ADDRESS: string;
  readonly TEMPORAL_NAMESPACE: string;
  /** URL of the Temporal Web UI. */
  readonly SLUICE_TEMPORAL_UI: string;
  /** Name of this cluster in specs, workflow ids and task queues. */
  readonly SLUICE_CLUSTER: string;
  /** host:port of the stack's image registry, where its runtime has one; first part of the names of its images. */
  readonly SLUICE_REGISTRY?: string;
}

export interface StackReport {
  readonly stateDir: string;
  /** none: never started or wiped. down: stopped. up: every part runs. degraded: some part does not, or was not started yet. */
  readonly state: 'none' | 'down' | 'up' | 'degraded';
  readonly runtime?: RuntimeName;
  readonly nodes?: number;
  readonly parts: readonly PartReport[];
  readonly environment?: StackEnvironment;
}
