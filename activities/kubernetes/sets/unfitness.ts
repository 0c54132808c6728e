import { SluiceError } from '../../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import { someOf } from '../../../workflows/contract/quantity.ts';
import { hasObserved } from '../controllers.ts';
import { rolloutUnderWay } from '../rolloutUnderWay.ts';
import type { Connection } from '../types.ts';
import type { SetKind } from './kind.ts';
import type { Look } from './look.ts';
import { isOf, livingPods } from './pods.ts';

/** Why a set that nobody holds cannot be released as it is: for its spec, or while a native rolling update is under way. */
export const unfitness = async (
  kube: Connection,
  kind: SetKind,
  look: Look,
  target: Target,
): Promise<SluiceError | undefined> => kind.unfit?.(look.set, target) ?? moving(kube, kind, look, target);

/** Pods that are not ready move nothing. */
async function moving(
  kube: Connection,
  kind: SetKind,
  { set, newest, label }: Look,
  target: Target,
): Promise<SluiceError | undefined> {
  const name = workloadName(target);
  if (!hasObserved(set) || newest === '') {
    return rolloutUnderWay(target, `The controller of ${name} has not seen its newest change yet.`);
  }
  const living = await livingPods(kube, set);
  const behind = living.filter((pod) => !isOf(pod, label) || kind.isInHand?.(pod));
  if (behind.length === 0) return undefined;
  const pods = behind.map(({ metadata }) => metadata.name).toSorted();
  const message = `A native rollout of ${name} is not finished: ${someOf(pods, 5)} ${pods.length === 1 ? 'is' : 'are'} of an older revision${kind.isInHand ? ', or in the hands of its controller' : ''}.`;
  if (!kind.standstill.isHeld(set.spec.updateStrategy)) return rolloutUnderWay(target, message);
  return new SluiceError('WORKLOAD_BUSY', message, { next: kind.standstill.hint });
}
