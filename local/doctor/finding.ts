/** One thing that doctor looked at. */
export interface Finding {
  readonly group: 'system' | 'programs' | 'tools' | 'containerd' | 'ports' | 'stack';
  readonly name: string;
  /**
   * ok: as it should be. absent: not there, and that is fine until it is wanted. problem: `sluice up`, or what runs already, cannot work like this.
   */
  readonly state: 'ok' | 'absent' | 'problem';
  /** What was found, in a few words. */
  readonly detail: string;
  readonly version?: string;
  readonly path?: string;
  /** What to do about it. */
  readonly next?: string;
}
