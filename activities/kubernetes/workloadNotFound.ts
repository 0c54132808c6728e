import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import { undefinedIfMissing } from './kubernetesFailure.ts';
import { notServed } from './notServed.ts';
import { namespaces, type Resource } from './resources.ts';
import type { Connection } from './types.ts';

interface Named {
  readonly metadata: { readonly name: string };
}

/** Why there is no such workload, with the names there are: WORKLOAD_NOT_FOUND, or NAMESPACE_NOT_FOUND. */
export async function workloadNotFound(
  kube: Connection,
  resource: Resource<Named>,
  target: Target,
): Promise<SluiceError> {
  const { namespace } = target;
  const none = `Namespace ${namespace} has no ${workloadName(target)}`;
  const found = await kube.list(resource, { namespace }).catch(undefinedIfMissing);
  if (!found) {
    return new SluiceError('WORKLOAD_NOT_FOUND', notServed(resource, target.kind), {
      next: 'Install it with its controller, or name a workload of another kind.',
    });
  }
  const { items } = found;
  if (items.length > 0) return new SluiceError('WORKLOAD_NOT_FOUND', `${none}; ${there(items)}.`);
  // Who may not see namespaces is told of the workload only.
  const all = await kube.list(namespaces, {}).catch(() => undefined);
  if (all && !all.items.some(({ metadata }) => metadata.name === namespace)) {
    return new SluiceError('NAMESPACE_NOT_FOUND', `There is no namespace ${namespace}; ${there(all.items)}.`);
  }
  return new SluiceError('WORKLOAD_NOT_FOUND', `${none}: it has no ${resource.name} at all.`);
}

function there(items: readonly Named[]): string {
  const names = items.map(({ metadata }) => metadata.name).toSorted();
  const more = names.length > 20 ? ` and ${names.length - 20} more` : '';
  return `there is ${names.slice(0, 20).join(', ')}${more}`;
}
