import type { Strategy } from './kind.ts';

/** How the controller of a set is kept from moving pods that live: by its update strategy. */
export interface Standstill {
  isHeld(strategy: Strategy): boolean;
  /** The strategy while a release holds the set. */
  held(strategy: Strategy): Strategy;
  /** One that holds nothing, for a set of which nobody knows any more what it was. */
  free(strategy: Strategy): Strategy;
  /** What people call one that does not hold it. */
  nameOf(strategy: Strategy): string;
  /** What people do where it held the set before, and pods have an older revision. */
  readonly hint: string;
}

/** Of apps/v1. */
export const onDelete: Standstill = {
  isHeld: (strategy) => strategy?.type === 'OnDelete',
  held: () => ({ type: 'OnDelete' }),
  free: (strategy) => (strategy?.type === 'OnDelete' ? { type: 'RollingUpdate' } : strategy),
  nameOf: (strategy) => strategy?.type ?? 'nothing',
  hint: 'Its strategy is OnDelete: delete those pods, so that they come back with the newest template, then release.',
};

/** Of OpenKruise: it makes pods and takes them away, and updates none. */
export const paused: Standstill = {
  isHeld: (strategy) => strategy?.paused === true,
  held: (strategy) => ({ ...strategy, paused: true }),
  free(strategy = {}) {
    const { paused: _paused, ...others } = strategy;
    return others;
  },
  nameOf: () => 'one that is not paused',
  hint: 'It is paused: set spec.updateStrategy.paused to false, so that they get the newest template, then release.',
};
