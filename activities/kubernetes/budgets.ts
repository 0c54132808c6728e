import type { BudgetRoom } from '../../workflows/contract/observation.ts';
import { isDown, isLeaving } from './podState.ts';
import { budgets } from './resources.ts';
import { selects } from './selectors.ts';
import type { Connection } from './types.ts';
import type { Pod, PodDisruptionBudget } from './wire.ts';

/**
 * What each PodDisruptionBudget leaves to a workload of these pods, the tightest first.
 * @param pods all pods of the workload, in any state
 */
export async function budgetRooms(
  kube: Connection,
  namespace: string,
  pods: readonly Pod[],
): Promise<readonly BudgetRoom[]> {
  const { items } = await kube.list(budgets, { namespace });
  return items.flatMap((budget) => roomIn(budget, pods) ?? []).toSorted((a, b) => a.out - b.out);
}

/**
 * How many of `pods` may be out of service, those that are already among them. As for an eviction, a budget that its
 * controller has not looked at yet allows nothing. Undefined: it is about other pods.
 */
export function roomIn({ metadata, spec, status }: PodDisruptionBudget, pods: readonly Pod[]): BudgetRoom | undefined {
  const { selector } = spec;
  const own = pods.filter((pod) => !isLeaving(pod) && selector && selects(selector, pod.metadata.labels ?? {}));
  if (own.length === 0) return undefined;
  const name = metadata.name;
  const { desiredHealthy = 0, currentHealthy = 0, expectedPods = 0, observedGeneration = 0 } = status ?? {};
  if (observedGeneration < (metadata.generation ?? 1)) return { name, out: 0 };
  const healthy = own.filter((pod) => !isDown(pod)).length;
  // It may cover other workloads too; their pods are only counted in its status.
  const others = Math.min(Math.max(0, currentHealthy - healthy), Math.max(0, expectedPods - own.length));
  return { name, out: Math.max(0, own.length - Math.max(0, desiredHealthy - others)) };
}
