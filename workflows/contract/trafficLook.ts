import type { Target } from './names.ts';

/** Who of a workload callers find, in every place where they look. Read once; nothing is touched. */
export interface TrafficLook {
  readonly target: Target;
  /** As `sourceText` calls them. */
  readonly sources: readonly string[];
  readonly pods: readonly PodInTraffic[];
  /** Services whose selector still asks for our label. */
  readonly openServices: readonly string[];
  /** A release or drain has its mark on the workload, running or not. */
  readonly held: boolean;
}

export interface PodInTraffic {
  readonly name: string;
  readonly node: string;
  readonly ready: boolean;
  /** One for each source, in their order. */
  readonly stands: readonly Standing[];
}

/**
 * How one pod stands in one source.
 * `in`: callers are sent there, fewer than in the end where `text` says its weight; `taken`: a release or drain of ours keeps it out; `disabled`: somebody else does, in the
 * same way; `notReady`: its own readiness keeps it out; `absent`: it is not known there; `off`: the registry sends no callers,
 * by a state of its own; `unknown`: nobody can tell.
 */
export interface Standing {
  readonly is: 'in' | 'taken' | 'disabled' | 'notReady' | 'absent' | 'off' | 'unknown';
  /** ISO 8601, where it is known. */
  readonly since?: string;
  /** What the source says of it, where that is more than the word. */
  readonly text?: string;
}
