import type { RouterKind } from '../../workflows/contract/canary/plan.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { KubernetesFailure } from '../kubernetes/kubernetesFailure.ts';
import { notServed } from '../kubernetes/notServed.ts';
import type { Resource } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Service } from '../kubernetes/wire.ts';
import type { Sides } from './router.ts';

/** A route of any kind, as far as all have it. */
export type Routing = Pick<Service, 'metadata'>;

/** Where the API server knows no such resource, or the worker has nothing to do with it. */
export function noneToSee(error: unknown): { readonly items: readonly never[] } {
  if (isHidden(error)) return { items: [] };
  throw error;
}

/** Why there is none of that name. */
export async function notFound(
  kube: Connection,
  kind: RouterKind,
  resource: Resource<Routing>,
  { namespace, name }: Sides,
): Promise<SluiceError> {
  try {
    const { items } = await kube.list(resource, { namespace });
    const there = items.map(({ metadata }) => metadata.name).join(', ');
    return new SluiceError(
      'ROUTE_NOT_FOUND',
      `There is no ${kind} ${name} in namespace ${namespace}; it has: ${there || 'none'}.`,
    );
  } catch (error) {
    if (!isHidden(error)) throw error;
    const missing = error.status === 404;
    return new SluiceError(
      'ROUTE_NOT_FOUND',
      missing ? notServed(resource, kind) : `There is no ${kind} ${name} in namespace ${namespace}.`,
      missing ? { next: 'Install it with its gateway, or leave out strategy.canary.route.' } : {},
    );
  }
}

const isHidden = (error: unknown): error is KubernetesFailure =>
  error instanceof KubernetesFailure && (error.status === 403 || error.status === 404);
