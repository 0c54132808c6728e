import { SluiceError } from '../../workflows/contract/errors.ts';
import { accessReviews } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Access } from '../ports.ts';

/** What every release does, whatever the kind of workload and the ways out of traffic. */
const always: readonly Access[] = [
  ...['get', 'list', 'watch', 'patch'].map((verb) => ({ group: '', resource: 'pods', verb })),
  { group: '', resource: 'nodes', verb: 'list', clusterWide: true },
  { group: '', resource: 'services', verb: 'list' },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verb: 'list' },
  { group: 'policy', resource: 'poddisruptionbudgets', verb: 'list' },
];

/** Asks for every verb that the release will use (SelfSubjectAccessReview). @throws FORBIDDEN with all that are missing */
export async function requireAccess(kube: Connection, namespace: string, needed: readonly Access[]): Promise<void> {
  const missing = await missingAccess(kube, namespace, [...always, ...needed]);
  if (missing.length === 0) return;
  throw new SluiceError('FORBIDDEN', `The worker may not: ${missing.join('; ')}.`, { details: { missing } });
}

/** What of `needed` the worker may not do, for people, in order: `create pods in shop`. */
export async function missingAccess(
  kube: Connection,
  namespace: string,
  needed: readonly Access[],
): Promise<readonly string[]> {
  const all = new Map(needed.map((access) => [`${access.verb} ${access.group}/${access.resource}`, access]));
  const missing: string[] = [];
  await Promise.all(
    [...all.values()].map(async (access) => {
      const [resource, subresource] = access.resource.split('/');
      const where = access.clusterWide ? {} : { namespace };
      const review = await kube.create(
        accessReviews,
        {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: {
            resourceAttributes: {
              ...where,
              group: access.group,
              resource,
              verb: access.verb,
              ...(subresource !== undefined && { subresource }),
            },
          },
        },
        {},
      );
      if (!review.status?.allowed) missing.push(textOf(access, where.namespace));
    }),
  );
  return missing.toSorted();
}

const textOf = ({ group, resource, verb }: Access, namespace: string | undefined): string =>
  `${verb} ${group === '' ? resource : `${resource}.${group}`}${namespace === undefined ? '' : ` in ${namespace}`}`;
