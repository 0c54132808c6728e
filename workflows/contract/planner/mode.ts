import { SluiceError } from '../errors.ts';
import { kindOf } from '../kinds.ts';
import { workloadName } from '../names.ts';
import type { Observation } from '../observation.ts';
import type { PlannedMode } from '../plan.ts';
import { someOf } from '../quantity.ts';
import type { PlannedResize } from '../resize.ts';
import type { ReleaseSpec } from '../spec.ts';

type Asked = Pick<ReleaseSpec, 'strategy'>;
type Found = Pick<Observation, 'preview'>;

const asksForNewPods = ({ strategy }: Asked): boolean => ['Recreate', 'BlueGreen', 'Canary'].includes(strategy.mode);

/** Whether pods are made anew: because that is asked for, or because a pod that lives cannot be changed so. */
export const recreates = (spec: Asked, found: Found): boolean =>
  asksForNewPods(spec) || ((found.preview?.differs.length ?? 0) > 0 && resizes(spec, found) === undefined);

/** The new resources, where pods that live are given them. */
export function resizes(spec: Asked, { preview }: Found): PlannedResize | undefined {
  const { resize } = preview ?? {};
  return asksForNewPods(spec) || resize === undefined || 'impossible' in resize ? undefined : resize;
}

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
    return { asked, used: 'InPlace', reason: `In place: ${whatChanges(spec, observation)}.` };
  }
  const differs = preview?.differs ?? [];
  const { resize } = preview ?? {};
  const cannot =
    resize !== undefined && 'impossible' in resize ? `${someOf(differs)}: ${resize.impossible}` : someOf(differs);
  if (asked === 'InPlaceOnly') {
    throw new SluiceError(
      'NOT_IN_PLACE',
      `A pod of ${workloadName(target)} that lives cannot be given ${cannot}; strategy.mode is InPlaceOnly.`,
      {
        next: 'Change only what can be had in place, or let pods be made anew: mode InPlaceIfPossible or Recreate.',
        details: { differs },
      },
    );
  }
  requireNoOrder(spec);
  const why = differs.length === 0 ? 'as asked for' : `a pod that lives cannot be given ${cannot}`;
  return {
    asked,
    used: 'Recreate',
    reason: `Recreate: ${why}. ${beside(spec)}, with another UID and IP, perhaps on another node.`,
  };
}

const beside = ({ strategy }: ReleaseSpec): string =>
  strategy.maxSurge === undefined
    ? 'Each pod is deleted, and another one is born in its place'
    : 'Another pod is born beside each, and that one goes when the other serves; the new one is there';

function whatChanges(spec: ReleaseSpec, observation: Found): string {
  const resized = resizes(spec, observation);
  if (resized === undefined) {
    const what =
      spec.change.restart === undefined
        ? 'only images change, so containers'
        : 'each image stays the same and is spelled in another way, so containers';
    return `${what} restart inside their pods, which keep UID, IP and node`;
  }
  const { restarts } = resized;
  const forIt =
    restarts.length === 0
      ? 'which they get as they run'
      : `for which ${restarts.join(', ')} must restart (resizePolicy)`;
  return `containers get other resources, ${forIt}; where an image changes they restart inside their pods, which keep UID, IP and node`;
}

/**
 * Whether newborns stand beside the old pods, where pods are made anew. Of a kind that has no room for them it is refused
 * whatever becomes of the pods. @throws MODE_UNSUPPORTED
 */
export function surges({ strategy }: ReleaseSpec, { target }: Pick<Observation, 'target'>, used: PlannedMode['used']) {
  if (strategy.maxSurge === undefined) return false;
  const { noSurge } = kindOf(target);
  if (noSurge === undefined) return used === 'Recreate';
  throw new SluiceError('MODE_UNSUPPORTED', `${workloadName(target)} has no room for pods beside others: ${noSurge}.`, {
    next: 'Leave out strategy.maxSurge; strategy.maxUnavailable says how many pods may be out of service at once.',
  });
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
