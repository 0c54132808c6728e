import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { workloadName } from '../../../workflows/contract/names.ts';
import type { Access, NumberChange } from '../../ports.ts';
import { requireThere } from '../holder.ts';
import { type Location, scaleOf } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import type { Connection } from '../types.ts';

export const numberAccess = ({ group, name }: Location): readonly Access[] =>
  ['get', 'patch'].map((verb) => ({ group, resource: `${name}/scale`, verb }));

/** Sets the number of pods, in a write that fails if anything changed the workload since it was read. See the port. */
export function setNumber(
  kube: Connection,
  resource: Location,
  { target, uid }: Pick<HeldRequest, 'target' | 'uid'>,
  { replicas, expects, dryRun = false }: NumberChange,
): Promise<void> {
  const scales = scaleOf(resource);
  return retryConflicts(async () => {
    const found = await kube.find(scales, target);
    const scale = requireThere(found?.metadata.uid === uid ? found : undefined, { target, uid, holder: '' });
    const now = scale.spec?.replicas ?? 0;
    if (now === replicas && !dryRun) return;
    if (expects !== undefined && !expects.includes(now)) throw otherNumber(target, now, expects[0] ?? replicas);
    const body = { metadata: { resourceVersion: scale.metadata.resourceVersion }, spec: { replicas } };
    await kube.patch(scales, target, body, { as: 'merge', dryRun });
  });
}

export const otherNumber = (target: HeldRequest['target'], now: number, expected: number): SluiceError =>
  new SluiceError(
    'WORKLOAD_CHANGED',
    `Somebody scaled ${workloadName(target)} to ${now} meanwhile; it was at ${expected}.`,
    {
      next: '`sluice take-over` sets the number back and goes on, `sluice adopt` keeps theirs and ends this, `sluice rollback` goes back to the number before.',
    },
  );
