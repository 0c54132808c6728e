import { SluiceError } from '../errors.ts';
import { workloadName } from '../names.ts';
import type { Observation } from '../observation.ts';
import type { PlannedMode } from '../plan.ts';
import type { ReleaseSpec } from '../spec.ts';

/** Whether pods are made anew: because that is asked for, or because a pod that lives cannot be changed so. */
export const recreates = ({ strategy }: Pick<ReleaseSpec, 'strategy'>, { preview }: Pick<Observation, 'preview'>) =>
  ['Recreate', 'BlueGreen', 'Canary'].includes(strategy.mode) || (preview?.differs.length ?? 0) > 0;

const reloadReason =
  'HotReload: nothing restarts, and the template stays. A container that is started anew later, or a pod that is born later, runs what its image has, until it is reloaded too.';

const swapReason =
  'HotSwap: the new version starts in the container that is empty and takes over, then the old one is emptied. Pods keep UID, IP and node.';

/** What people are told of how it goes. @throws NOT_IN_PLACE where the change cannot be had in the way that is asked for */
export function plannedMode(spec: ReleaseSpec, observation: Pick<Observation, 'target' | 'preview'>): PlannedMode {
  const { target, preview } = observation;
  const asked = spec.strategy.mode;
  if (spec.change.reload !== undefined) return { asked, used: 'HotReload', reason: reloadReason };
  if (spec.change.hotSwap !== undefined) return { asked, used: 'HotSwap', reason: swapReason };
  if (!recreates(spec, observation)) {
    const what =
      spec.change.restart === undefined
        ? 'only images change, so containers'
        : 'each image stays the same and is spelled in another way, so containers';
    return {
      asked,
      used: 'InPlace',
      reason: `In place: ${what} restart inside their pods, which keep UID, IP and node.`,
    };
  }
  const differs = preview?.differs ?? [];
  if (asked === 'InPlaceOnly') {
    throw new SluiceError(
      'NOT_IN_PLACE',
      `A pod of ${workloadName(target)} that lives cannot be given ${listed(differs)}, and strategy.mode is InPlaceOnly.`,
      {
        next: 'Change only images, or let pods be made anew: mode InPlaceIfPossible or Recreate.',
        details: { differs },
      },
    );
  }
  requireNoOrder(spec);
  const why = differs.length === 0 ? 'as asked for' : `a pod that lives cannot be given ${listed(differs)}`;
  return {
    asked,
    used: 'Recreate',
    reason: `Recreate: ${why}. Each pod is deleted, and another one is born in its place, with another UID and IP, perhaps on another node.`,
  };
}

/** @throws NOT_IN_PLACE where containers of pods that are made anew shall change one after another */
export function requireNoOrder({ change }: Pick<ReleaseSpec, 'change'>): void {
  if (change.order === undefined) return;
  throw new SluiceError(
    'NOT_IN_PLACE',
    'change.order has no meaning where pods are made anew: their containers start together.',
    { next: 'Leave out change.order.' },
  );
}

/** The first of them, for people. */
function listed(differs: readonly string[]): string {
  const shown = differs.slice(0, 3).join(', ');
  return differs.length > 3 ? `${shown} and ${differs.length - 3} more` : shown;
}
