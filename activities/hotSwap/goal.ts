import type { HandfulPod, HandfulRequest } from '../../workflows/contract/activities/handful.ts';
import type { PlannedHotSwap } from '../../workflows/contract/hotSwap/plan.ts';
import { swapped } from '../../workflows/contract/hotSwap/roles.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { imagesOf } from '../kubernetes/podState.ts';
import type { Pod } from '../kubernetes/wire.ts';

/** What the pair of a pod shall have in the end: back, what was in it; forward, its own roles say where the new version goes. */
export function goalOf(
  { pod, images }: { readonly pod: Pod } & Pick<HandfulPod, 'images'>,
  request: Pick<HandfulRequest, 'undo' | 'images'>,
  swap: PlannedHotSwap,
): Images {
  return request.undo ? (images ?? request.images) : swapped(imagesOf(pod), swap);
}
