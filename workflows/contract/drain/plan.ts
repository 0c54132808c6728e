/** What a drain does, beside what its plan shares with that of a release. */
export interface PlannedDrain {
  /** Nobody is taken out: those are put back whom a release or drain that was terminated left out. */
  readonly restores?: true;
}

/** Its one batch, and the gate at which the pods stay out of traffic until somebody says to put them back. */
export const drainBatch = 'drain';
export const drainGate = 'out-of-traffic';
