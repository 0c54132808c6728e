import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import type { Side } from '../../workflows/contract/blueGreen/activities.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { idOfHolder, marks, workloadName } from '../../workflows/contract/names.ts';
import { holderOf } from '../kubernetes/holder.ts';
import { services } from '../kubernetes/resources.ts';
import { hashLabel } from '../kubernetes/templates.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Service } from '../kubernetes/wire.ts';

/** pod-template-hash of each side that is there. */
export interface Hashes {
  readonly blue: string;
  readonly green?: string;
}

/** Which side a Service sends callers to by the hash in its selector; none: to both, or to what somebody else says. */
export function sideOf({ spec }: Service, { blue, green }: Hashes): Side | undefined {
  const hash = spec.selector?.[hashLabel];
  if (hash === undefined) return 'both';
  if (hash === blue) return 'blue';
  return hash === green ? 'green' : undefined;
}

/** Value of marks.serving as a label of the Service: the endpoint controller copies it to the slices, and shows by it what it has seen. */
export const stageOf = (to: Side): string => (to === 'both' ? 'closing' : to);

/**
 * One write: the hash in the selector, the label that shows who has seen it, and the release that holds the Service.
 * Fails if anything else changed it since it was read.
 */
export async function pin(
  kube: Connection,
  held: HeldRequest,
  service: Service,
  to: Side,
  hash: string | null,
): Promise<void> {
  const { name, resourceVersion } = service.metadata;
  const body = {
    metadata: {
      resourceVersion,
      labels: { [marks.serving]: stageOf(to) },
      annotations: { [marks.release]: held.holder },
    },
    spec: { selector: { [hashLabel]: hash } },
  };
  await kube.patch(services, { namespace: held.target.namespace, name }, body, { as: 'merge' });
}

/** Takes the last of it away, when it is as it was before. */
export async function unmark(kube: Connection, held: HeldRequest, service: Service): Promise<void> {
  const { name, resourceVersion } = service.metadata;
  const metadata = {
    resourceVersion,
    labels: { [marks.serving]: null },
    annotations: { [marks.release]: null },
  };
  await kube.patch(services, { namespace: held.target.namespace, name }, { metadata }, { as: 'merge' });
}

/** How a Service was left. */
export interface LeftAs {
  /** Held by the release. */
  readonly taken: boolean;
  /** By one that has it send callers to both sides now. */
  readonly shared?: boolean;
}

/**
 * That nobody else has a hand in the selector: the release holds the Service and the hash is one of its own, or it has
 * not been taken yet. @throws WORKLOAD_CHANGED, WORKLOAD_BUSY
 */
export function requireOurs(service: Service, held: HeldRequest, hashes: Hashes, { taken, shared }: LeftAs): void {
  const { name } = service.metadata;
  const holder = holderOf(service);
  const side = sideOf(service, hashes);
  const mine = holder === held.holder;
  if (holder !== undefined && !mine && idOfHolder(holder) !== idOfHolder(held.holder)) {
    throw new SluiceError('WORKLOAD_BUSY', `Service ${name} is held by the release ${idOfHolder(holder)}.`);
  }
  // One that is pinned to a ReplicaSet of a release that was terminated is taken over.
  if (holder !== undefined && !mine) return;
  if (mine ? side !== undefined && (side !== 'both' || shared) : side === 'both' && !taken) return;
  const found = service.spec.selector?.[hashLabel];
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    `Somebody changed the selector of Service ${name}: it has ${found === undefined ? `no ${hashLabel}` : `${hashLabel}=${found}`}, by which it would send callers to ${side === 'both' ? 'both versions' : 'one version'} of ${workloadName(held.target)}.`,
  );
}

/** Whether the release has left its mark on it. */
export const isHeld = (service: Service, held: HeldRequest): boolean => holderOf(service) === held.holder;
