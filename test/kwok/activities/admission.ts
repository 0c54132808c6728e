import type { Resource } from '../../../activities/kubernetes/resources.ts';
import type { World } from './fixtures.ts';

interface Named {
  readonly metadata: { readonly name: string };
}

const clusterWide = (name: string): Resource<Named> => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  name,
  namespaced: false,
  missing: 'INTERNAL',
});

const policies = clusterWide('validatingadmissionpolicies');
const bindings = clusterWide('validatingadmissionpolicybindings');

export interface Denial {
  readonly lift: () => Promise<void>;
}

/** The API server itself refuses updates (or births) of `resource` in this namespace unless `expression` (CEL) holds. It takes a moment. */
export async function deny(
  { kube, namespace }: World,
  resource: Resource<unknown>,
  expression: string,
  message: string,
  operation: 'UPDATE' | 'CREATE' = 'UPDATE',
): Promise<Denial> {
  const name = `${resource.name}-${namespace}`;
  const { group, version } = resource;
  const rule = { apiGroups: [group], apiVersions: [version], operations: [operation], resources: [resource.name] };
  await kube.create(
    policies,
    {
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [rule],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        },
        validations: [{ expression, message }],
      },
    },
    {},
  );
  await kube.create(bindings, { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } }, {});
  return {
    lift: async () => {
      await kube.remove(bindings, { name });
      await kube.remove(policies, { name });
    },
  };
}
