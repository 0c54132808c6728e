/** One look at a container: connections of callers, and connections that come from its own node. */
export interface Look {
  readonly atMs: number;
  readonly callers: number;
  readonly fromNode: number;
}

/** What the looks so far say. Kept between activities; lost with the worker, which only starts the window again. */
export interface QuietWindow {
  readonly quietSinceMs?: number;
  readonly lastMs: number;
  readonly nodeAtLast: boolean;
  readonly silent: boolean;
}

/**
 * Takes one more look into account. `silent` once there was no caller for `quietMs`; 0 asks for one clean look.
 *
 * The kubelet's probes come from the node and are gone within milliseconds, so one look that shows a connection from
 * the node is forgiven, provided that the next shows none. Callers behind a SNAT come from the node too: a connection
 * of theirs that persists, or one after the other, is seen at two looks in a row, and that breaks the silence.
 * After more than `maxGapMs` without a look nothing is known any more and the window starts again.
 */
export function nextWindow(
  before: QuietWindow | undefined,
  look: Look,
  quietMs: number,
  maxGapMs: number,
): QuietWindow {
  const known = before !== undefined && look.atMs - before.lastMs <= maxGapMs ? before : undefined;
  const node = look.fromNode > 0;
  const broken = look.callers > 0 || (node && known?.nodeAtLast === true);
  const seen = { lastMs: look.atMs, nodeAtLast: node };
  if (broken) return { ...seen, silent: false };
  const quietSinceMs = known?.quietSinceMs ?? look.atMs;
  return { ...seen, quietSinceMs, silent: !node && look.atMs - quietSinceMs >= quietMs };
}
