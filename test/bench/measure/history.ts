import type { Client } from '@temporalio/client';

/** Events in the histories of a release and of its batches, runs that continued as new among them. */
export async function historyEvents(client: Client, workflowId: string, firstRun: string): Promise<number> {
  let sum = 0;
  for (let run: string | undefined = firstRun; run !== undefined; ) {
    const { events = [] } = await client.workflow.getHandle(workflowId, run).fetchHistory();
    sum += events?.length ?? 0;
    let next: string | undefined;
    for (const event of events ?? []) {
      next = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? next;
      const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
      if (child?.workflowId && child.runId) sum += await historyEvents(client, child.workflowId, child.runId);
    }
    run = next;
  }
  return sum;
}
