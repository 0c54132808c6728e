import type { WorkflowExecutionDescription } from '@temporalio/client';
import { memoKeys } from '../../workflows/contract/names.ts';

/** One that took the place of another release has a name of its own, see workflows/book.ts. */
export function namedRun({
  memo,
}: {
  readonly memo?: Readonly<Record<string, unknown>> | undefined;
}): string | undefined {
  const run = memo?.[memoKeys.run];
  return typeof run === 'string' ? run : undefined;
}

/** What a message calls the release by. Undefined where the server does not tell the first run of the chain. */
export const runOf = (execution: Pick<WorkflowExecutionDescription, 'memo' | 'raw'>): string | undefined =>
  namedRun(execution) ?? (execution.raw.workflowExecutionInfo?.firstRunId || undefined);
