import type { HeldRequest } from '../../../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../../../workflows/contract/errors.ts';
import { workloadName } from '../../../../workflows/contract/names.ts';
import { controllerOf } from '../../podState.ts';
import { replicaSets } from '../../resources.ts';
import { hashLabel } from '../../templates.ts';
import type { Connection } from '../../types.ts';
import type { ReplicaSet } from '../../wire.ts';
import { type Look, lookHeld, lookThere, withoutLive } from '../look.ts';
import { ownSetName } from '../ownSet.ts';
import { readTrail, type Trail } from '../trail.ts';

/** The two ReplicaSets of a blue/green release. */
export interface Pair {
  readonly look: Look;
  readonly trail: Trail;
  /** Its own before the release. */
  readonly blue: ReplicaSet;
  /** Of the new version; it stands beside the Deployment until it is adopted. */
  readonly green?: ReplicaSet;
}

/** Its pod-template-hash. */
export const hashOf = ({ metadata, spec }: ReplicaSet): string =>
  spec.template?.metadata?.labels?.[hashLabel] ?? metadata.labels?.[hashLabel] ?? '';

/** @throws WORKLOAD_NOT_FOUND, WORKLOAD_CHANGED unless `held.holder` holds the Deployment and blue is there */
export async function findPair(kube: Connection, held: HeldRequest): Promise<Pair> {
  const pair = await pairOf(kube, held, await lookHeld(kube, held));
  if (pair) return pair;
  throw withoutLive(held.target);
}

/** The same with green. @throws also WORKLOAD_CHANGED where it is not there */
export async function findBoth(kube: Connection, held: HeldRequest): Promise<Pair & Required<Pick<Pair, 'green'>>> {
  const pair = await findPair(kube, held);
  const { green } = pair;
  if (green) return { ...pair, green };
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    `The ReplicaSet of the new version of ${workloadName(held.target)} was deleted in mid-release.`,
  );
}

/** Undefined where blue is gone. */
export async function pairOf(kube: Connection, { holder, target }: HeldRequest, look: Look): Promise<Pair | undefined> {
  const { deployment, sets } = look;
  const trail = readTrail(deployment);
  const named = trail?.earlier ?? trail?.replicaSet;
  const blue = sets.find(({ metadata }) => metadata.name === named);
  if (!trail || !blue) return undefined;
  const green = await kube.find(replicaSets, { namespace: target.namespace, name: ownSetName(deployment, holder) });
  return { look, trail, blue, ...(green && { green }) };
}

/**
 * Runs `act`. The ReplicaSets of a Deployment that is deleted go right after it: what looks like a change is looked at once
 * more. @throws WORKLOAD_NOT_FOUND then
 */
export async function orGone<T>(kube: Connection, held: HeldRequest, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'WORKLOAD_CHANGED') await lookThere(kube, held);
    throw error;
  }
}

/** Whether the Deployment owns it. */
export const isAdopted = (green: ReplicaSet): boolean => controllerOf(green) !== undefined;
