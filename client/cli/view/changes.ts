import type { BatchStatus } from '../../../workflows/contract/status.ts';
import { logLine, logOf } from './log.ts';
import type { Look } from './look.ts';
import { isFinished, isUndo, phaseWords } from './states.ts';
import type { ShownStatus } from './status.ts';
import { harmless, harmlessDeep } from './text.ts';

/**
 * What happened between two looks at a release, as lines of a log: for pipes, files and CI. `before` is undefined at the
 * first look.
 */
export function changeLines(before: ShownStatus | undefined, now: ShownStatus, look: Look): string[] {
  const status = harmlessDeep(now);
  const at = new Date(look.now).toISOString();
  const seen = new Set(before === undefined ? [] : logOf(harmlessDeep(before)).map((entry) => JSON.stringify(entry)));
  const lines = logOf(status)
    .filter((entry) => !seen.has(JSON.stringify(entry)))
    .map((entry) => logLine(entry, look));
  for (const [index, batch] of status.batches.entries()) {
    const earlier = before?.batches[index];
    if (earlier !== undefined && summary(earlier) !== summary(batch))
      lines.push(logLine({ at, text: summary(batch) }, look));
  }
  const known = new Set((before?.retrying ?? []).map(({ step, reason }) => `${step} ${harmless(reason)}`));
  for (const { step, reason } of status.retrying ?? []) {
    if (known.has(`${step} ${reason}`)) continue;
    lines.push(logLine({ at, text: `${step} fails and is tried again: ${reason}`, refused: true }, look));
  }
  if (before?.phase !== status.phase || before.text !== status.text) {
    lines.push(logLine({ at, text: `[${phaseWords(status.phase)}] ${status.text}` }, look));
  }
  return lines;
}

function summary(batch: BatchStatus): string {
  const finished = batch.pods.filter((pod) => isFinished(pod, batch)).length;
  const failed = batch.pods.filter(({ state }) => state === 'failed').length;
  const word = isUndo(batch) ? 'back' : 'done';
  return `${batch.name}: ${finished} of ${batch.pods.length} pods ${word}${failed === 0 ? '' : `, ${failed} failed`}`;
}
