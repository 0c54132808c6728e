import { clusterActivities } from './clusterActivities.ts';
import type { TrafficLook } from './contract/trafficLook.ts';
import type { TrafficInput } from './contract/workflows.ts';

/** Who of a workload is in traffic and who is not; touches nothing. */
export async function traffic(input: TrafficInput): Promise<TrafficLook> {
  return clusterActivities(input.target.cluster).waiting.traffic.executeWithOptions(
    { summary: 'look who is in traffic, touching nothing' },
    [input],
  );
}
