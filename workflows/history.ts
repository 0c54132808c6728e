import { clusterActivities } from './clusterActivities.ts';
import type { History } from './contract/history.ts';
import type { HistoryInput } from './contract/workflows.ts';

/** What the cluster knows of a workload's past; touches nothing. */
export async function history({ target }: HistoryInput): Promise<History> {
  return clusterActivities(target.cluster).waiting.history.executeWithOptions(
    { summary: 'read revisions and records, touching nothing' },
    [{ target }],
  );
}
