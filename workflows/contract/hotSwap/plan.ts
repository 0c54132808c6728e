/** A hot swap as it is planned: every pod gets the same version, in whichever container of the pair is empty. Plain data. */
export interface PlannedHotSwap {
  /** The pair. */
  readonly containers: readonly [string, string];
  /** The new version, as it is written, digest and all. */
  readonly image: string;
  /** What the container of the pair has that does nothing. */
  readonly emptyImage: string;
  /** Ends with 0 in the container that holds the connections, and in no other. Absent: to be ready is enough. */
  readonly holds?: { readonly command: readonly string[]; readonly timeoutMs: number };
}

/** Writes of a hot swap to one pod, one after another, each waited for. */
export const swapSteps = {
  forward: ['takeOver', 'empty'],
  /** `clear`: where the old one has handed over already and was not emptied yet, it must start anew to take back. */
  back: ['clear', 'takeOver', 'empty'],
} as const;

export type SwapStep = (typeof swapSteps)['back'][number];

/** For people: `proxy-1 and proxy-2 (empty: registry/empty:1); handed over when ready and "proxy holds" says so`. */
export function hotSwapText({ containers, emptyImage, holds }: PlannedHotSwap): string {
  const when = holds === undefined ? 'ready' : `ready and \`${holds.command.join(' ')}\` ends with 0`;
  return `${containers.join(' and ')}, of which one has ${emptyImage}; the other is emptied when the new one is ${when}`;
}
