import type { PlannedHotSwap, SwapStep } from '../../workflows/contract/hotSwap/plan.ts';
import { realsOf, takerOf } from '../../workflows/contract/hotSwap/roles.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { type Judgement, judgePod, type Wanted } from '../kubernetes/judgePod.ts';
import { imagesOf } from '../kubernetes/podState.ts';
import type { Pod } from '../kubernetes/wire.ts';

export interface SwapWanted extends Omit<Wanted, 'images' | 'partial'> {
  readonly swap: PlannedHotSwap;
  readonly step: SwapStep;
  /** The pair when all is done. */
  readonly goal: Images;
}

/**
 * Whether one step of a hot swap is through. What takes over must be ready also in a rollback, as the other one is emptied
 * on the strength of it; there only time is a failure. `now`: ms since 1970.
 */
export function judgeSwap(pod: Pod, { swap, step, goal, ...wanted }: SwapWanted, now: number): Judgement {
  const taker = takerOf(goal, swap);
  if (step === 'empty') return judgePod(pod, { ...wanted, images: goal, partial: false }, now);
  if (step === 'clear') {
    const has = imagesOf(pod);
    const isCleared = !realsOf(has, swap).includes(taker);
    return isCleared
      ? judgePod(pod, { ...wanted, images: { [taker]: has[taker] ?? '' }, partial: true, undo: true }, now)
      : { is: 'done' };
  }
  const { undo, wasReady, since, readyTimeoutMs } = wanted;
  const images = { [taker]: goal[taker] ?? '' };
  const judged = judgePod(pod, { ...wanted, images, partial: true, undo: undo && !wasReady }, now);
  const deadline = Date.parse(since) + readyTimeoutMs;
  return undo && judged.is === 'failed' && now < deadline ? { is: 'waiting', again: deadline } : judged;
}
