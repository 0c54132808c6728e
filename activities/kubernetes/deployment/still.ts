import type { SluiceError } from '../../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import { rolloutUnderWay } from '../rolloutUnderWay.ts';
import type { ReplicaSet } from '../wire.ts';
import { hasPods, type Look, newSetOf } from './look.ts';

/** The ReplicaSet that has all pods. @throws WORKLOAD_BUSY while a native rollout is under way; pods that are not ready are none */
export function requireStill(look: Look, target: Target): ReplicaSet {
  const still = stillness(look, target);
  if ('moving' in still) throw still.moving;
  return still.live;
}

/** Why nothing can be released now: a native rollout is under way. */
export function moving(look: Look, target: Target): SluiceError | undefined {
  const still = stillness(look, target);
  return 'moving' in still ? still.moving : undefined;
}

function stillness(
  { deployment, sets }: Look,
  target: Target,
): { readonly live: ReplicaSet } | { readonly moving: SluiceError } {
  const live = newSetOf(deployment, sets);
  const others = sets.filter((set) => set !== live && hasPods(set));
  if (live && others.length === 0) return { live };
  const why = live
    ? `${others.map(({ metadata }) => `replicaset/${metadata.name}`).join(', ')} of an older version still has pods`
    : deployment.spec.paused
      ? 'it is paused, and its template was changed since'
      : 'the ReplicaSet of its newest template is not there yet';
  return { moving: rolloutUnderWay(target, `A native rollout of ${workloadName(target)} is not finished: ${why}.`) };
}
