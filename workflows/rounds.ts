import type { BatchResult } from './contract/workflows.ts';
import { isThrough } from './runBatch.ts';

/** A pod that dies before it is ready has a successor; beyond this many rounds they never get there. */
const mostRounds = 5;

/**
 * Waits for newborn pods once more, with who is there by then, as long as some of them die before they are ready. Those that
 * die in the last round have failed.
 */
export async function inRounds(round: () => Promise<BatchResult>): Promise<BatchResult> {
  for (let count = 1; ; count += 1) {
    const result = await round();
    if (result.gone.length === 0 || !isThrough(result, 0)) return result;
    if (count === mostRounds) return asFailed(result);
  }
}

function asFailed(result: BatchResult): BatchResult {
  const reason = `it died before it was ready, as those before it in ${mostRounds} rounds did`;
  const failed = result.gone.map((pod) => ({ pod, code: 'POD_FAILED' as const, reason, stage: 'wait' as const }));
  return { ...result, gone: [], failed };
}
