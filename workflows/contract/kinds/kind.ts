/**
 * What people type and are told about one kind of workload: pure words, so that every room may have them. What is done
 * to it is behind the port `Workload`. `name`: `deployment/checkout`; `on`: the same with `-n shop`, for commands.
 */
export interface Kind {
  /** What kubectl users type for it besides its name: `deploy`. */
  readonly aliases: readonly string[];
  /** Why it wants no pods, where it wants none: `is scaled to 0`. */
  readonly none: string;
  /** What keeps its controller from moving pods: `Pause deployment/checkout`. */
  readonly hold: (name: string) => string;
  /** What its pods are born from: `the template of its ReplicaSet`. */
  readonly births: string;
  /** What else is written before it is drained through a Service, one sentence; undone with it. */
  readonly opening?: string;
  /** Where the new images go at the end: `in the template of deployment/checkout`. */
  readonly commit: (name: string) => string;
  /** What the commit leaves for `kubectl rollout history`, one sentence. */
  readonly history: string;
  /** How it is given back at the end: `resume it`. `paused`: its controller moved nothing before either. */
  readonly release: (paused: boolean) => string;
  /**
   * Which pods its controller takes first when it is scaled down, whatever else is asked for; or why it cannot be
   * scaled, and what to do instead.
   */
  readonly scaling: { readonly first: string } | { readonly refused: string };
  /** Why no new pod can stand beside an old one before that goes; absent where one can. */
  readonly noSurge?: string;
  /** How people see how far its own controller is; a command in backquotes. */
  readonly progress: (on: string) => string;
  /** How a native rollout that is stuck goes back, after `goes back`; commands in backquotes. */
  readonly stuck: (on: string) => string;
  /** What people do to have its pods replaced, without a release; commands in backquotes. */
  readonly replacePods: (on: string) => string;
  /** How people give it back by hand when no release does any more; commands in backquotes. */
  readonly free: (on: string) => string;
}
