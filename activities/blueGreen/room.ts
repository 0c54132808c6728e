import { amountOf } from '../../workflows/contract/amount.ts';
import type { QuotaShort } from '../../workflows/contract/blueGreen/observation.ts';
import { KubernetesFailure } from '../kubernetes/kubernetesFailure.ts';
import { resourceQuotas } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { PodTemplate, ResourceQuota } from '../kubernetes/wire.ts';

/** What ResourceQuotas leave too little of for `count` more pods; none where the worker may not read them. */
export async function shortOf(
  kube: Connection,
  namespace: string,
  template: PodTemplate,
  count: number,
): Promise<readonly QuotaShort[]> {
  const quotas = await kube.list(resourceQuotas, { namespace }).catch((error: unknown) => {
    if (error instanceof KubernetesFailure && error.status === 403) return { items: [] };
    throw error;
  });
  return quotas.items.flatMap((quota) => tooSmall(quota, template, count));
}

/** Pure. A quota with scopes may be for other pods than these: only the API server knows. */
export function tooSmall(
  { metadata, spec, status }: ResourceQuota,
  template: PodTemplate,
  count: number,
): QuotaShort[] {
  if ((spec?.scopes ?? []).length > 0 || spec?.scopeSelector !== undefined) return [];
  const needs = needsOf(template);
  return Object.entries(status?.hard ?? {}).flatMap(([resource, hard]) => {
    const need = (needs[resource] ?? 0) * count;
    const used = status?.used?.[resource] ?? '0';
    if (need === 0 || amountOf(used) + need <= amountOf(hard)) return [];
    return [{ quota: metadata.name, resource, hard, used }];
  });
}

/** What one pod takes of each resource, by its name in a quota. */
function needsOf({ spec }: PodTemplate): Readonly<Record<string, number>> {
  const sum = (kind: 'requests' | 'limits', resource: string): number => {
    const of = (container: NonNullable<typeof spec>['containers'][number]): number =>
      amountOf(
        container.resources?.[kind]?.[resource] ??
          (kind === 'requests' ? container.resources?.limits?.[resource] : undefined) ??
          '0',
      );
    const containers = (spec?.containers ?? []).reduce((total, container) => total + of(container), 0);
    return Math.max(containers, ...(spec?.initContainers ?? []).map(of));
  };
  const [cpu, memory] = [sum('requests', 'cpu'), sum('requests', 'memory')];
  return {
    pods: 1,
    'count/pods': 1,
    cpu,
    memory,
    'requests.cpu': cpu,
    'requests.memory': memory,
    'limits.cpu': sum('limits', 'cpu'),
    'limits.memory': sum('limits', 'memory'),
  };
}
