import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import type { PlannedRoute } from '../../workflows/contract/canary/plan.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { marks } from '../../workflows/contract/names.ts';
import { holderOf } from '../kubernetes/holder.ts';
import { KubernetesFailure } from '../kubernetes/kubernetesFailure.ts';
import { services } from '../kubernetes/resources.ts';
import { hashLabel } from '../kubernetes/templates.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Service } from '../kubernetes/wire.ts';
import { ownSelector } from '../traffic/service/usable.ts';

/** Name of the Service that is made beside `service` for the new version. */
export const canaryName = (service: string): string => `${service.slice(0, 56)}-canary`;

/** Whether it was made for a canary, and is no Service of anybody else. */
export const isCanary = ({ metadata }: Service): boolean => metadata.annotations?.[marks.canary] !== undefined;

/**
 * Makes the Service of the new version: as the one that callers come by, for pods with this pod-template-hash. It goes with the
 * Deployment. `first`: what comes before it is made. @throws SERVICE_UNUSABLE where there is another one of its name
 */
export async function makeCanary(
  kube: Connection,
  held: HeldRequest,
  { service, canary }: PlannedRoute,
  hash: string,
  first: () => Promise<void>,
): Promise<void> {
  const { namespace } = held.target;
  const found = await kube.find(services, { namespace, name: canary });
  if (found) return requireCanary(found, held);
  await first();
  const stable = await kube.get(services, { namespace, name: service });
  const { ports = [], clusterIP } = stable.spec;
  const body = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: canary,
      namespace,
      annotations: { [marks.release]: held.holder, [marks.canary]: service },
      ownerReferences: [ownerOf(held)],
    },
    spec: {
      selector: { ...ownSelector(stable), [hashLabel]: hash },
      ports: ports.map((port) => ({ ...port, nodePort: undefined })),
      ...(clusterIP === 'None' && { clusterIP }),
    },
  };
  try {
    await kube.create(services, body, { namespace });
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.reason === 'AlreadyExists')) throw error;
  }
}

/** With whose end something ends that is made for a canary, if nothing else takes it away. */
export const ownerOf = ({ target, uid }: HeldRequest) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: target.name,
  uid,
  controller: false,
});

function requireCanary(found: Service, held: HeldRequest): void {
  if (isCanary(found) && holderOf(found) === held.holder) return;
  throw taken(found.metadata.name);
}

export const taken = (name: string): SluiceError =>
  new SluiceError(
    'SERVICE_UNUSABLE',
    `There is a Service ${name} already: that is what the one for the new pods would be called.`,
    { next: 'Give the other one another name.' },
  );

/** Done where it is gone, or is another's. */
export async function removeCanary(kube: Connection, held: HeldRequest, name: string): Promise<void> {
  const at = { namespace: held.target.namespace, name };
  const found = await kube.find(services, at);
  if (found && isCanary(found) && holderOf(found) === held.holder) {
    await kube.remove(services, at, { uid: found.metadata.uid });
  }
}
