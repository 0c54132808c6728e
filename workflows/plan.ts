import { ApplicationFailure } from '@temporalio/workflow';
import { clusterActivities } from './clusterActivities.ts';
import type { Plan } from './contract/plan.ts';
import type { PlanInput } from './contract/workflows.ts';

/** Makes the plan of a release and touches nothing. Fails with the code of whatever would stop the release. */
export async function plan(input: PlanInput): Promise<Plan> {
  return clusterActivities(clusterOf(input.spec)).waiting.plan.executeWithOptions(
    { summary: 'plan, touching nothing' },
    [{ spec: input.spec }],
  );
}

/** `spec.target.cluster`, before anything has validated the spec: it names the queue where the validation runs. */
export function clusterOf(spec: unknown): string {
  const cluster = (spec as { target?: { cluster?: unknown } } | null | undefined)?.target?.cluster;
  if (typeof cluster === 'string' && cluster !== '') return cluster;
  throw ApplicationFailure.nonRetryable(
    'target.cluster: found nothing; needs the name of the cluster.',
    'SPEC_INVALID',
  );
}
