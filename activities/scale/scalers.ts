import type { ScalersRequest } from '../../workflows/contract/activities/scale.ts';
import type { ClusterActivities } from '../../workflows/contract/activities.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { idOfHolder, marks } from '../../workflows/contract/names.ts';
import { activity } from '../call.ts';
import { holderOf, holdMarks, readBefore } from '../kubernetes/holder.ts';
import { autoscalers } from '../kubernetes/resources.ts';
import { retryConflicts } from '../kubernetes/retryConflicts.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { HorizontalPodAutoscaler } from '../kubernetes/wire.ts';
import type { Access } from '../ports.ts';
import type { Shared } from '../scope.ts';

export const scalerAccess: readonly Access[] = ['get', 'patch'].map((verb) => ({
  group: 'autoscaling',
  resource: 'horizontalpodautoscalers',
  verb,
}));

/** What a HorizontalPodAutoscaler was (marks.before on it). */
interface Before {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** null: it had none. */
  readonly behavior: unknown;
}

/**
 * HorizontalPodAutoscalers are kept from scaling by their own words: no policy lets them, and their bounds, which hold
 * whatever the policies say, are wide. It survives a kill, and `kubectl describe hpa` shows it.
 */
export function scalerActivities({ kube: shared }: Shared): Pick<ClusterActivities, 'holdScalers' | 'releaseScalers'> {
  return {
    holdScalers: activity(async (request, { signal }) => {
      for (const name of request.scalers) await hold(shared.with(signal), request, name);
    }),
    releaseScalers: activity(async (request, { signal }) => {
      for (const name of request.scalers) await giveBack(shared.with(signal), request, name);
    }),
  };
}

const disabled = { selectPolicy: 'Disabled' };

function hold(
  kube: Connection,
  { target: { namespace }, holder, from, to }: ScalersRequest,
  name: string,
): Promise<void> {
  return retryConflicts(async () => {
    const scaler = await kube.find(autoscalers, { namespace, name });
    if (scaler === undefined || holderOf(scaler) === holder) return;
    const other = holderOf(scaler);
    if (other !== undefined && idOfHolder(other) !== idOfHolder(holder)) {
      throw new SluiceError('WORKLOAD_BUSY', `HorizontalPodAutoscaler ${name} is held by ${idOfHolder(other)}.`);
    }
    // What a scale that was terminated left behind is not what people made of it.
    const before = (other === undefined ? undefined : beforeOf(scaler)) ?? boundsOf(scaler);
    const body = {
      metadata: { resourceVersion: scaler.metadata.resourceVersion, annotations: holdMarks(holder, before) },
      spec: {
        minReplicas: 1,
        maxReplicas: Math.max(from, to, before.maxReplicas),
        behavior: { scaleUp: disabled, scaleDown: disabled },
      },
    };
    await kube.patch(autoscalers, { namespace, name }, body, { as: 'merge' });
  });
}

function giveBack(kube: Connection, request: ScalersRequest, name: string): Promise<void> {
  const { namespace } = request.target;
  return retryConflicts(async () => {
    const scaler = await kube.find(autoscalers, { namespace, name });
    const before = scaler && holderOf(scaler) === request.holder ? beforeOf(scaler) : undefined;
    if (scaler === undefined || before === undefined) return;
    const { [marks.release]: _release, [marks.before]: _before, ...annotations } = scaler.metadata.annotations ?? {};
    const { minReplicas, maxReplicas } = bounded(before, request);
    await kube.patch(
      autoscalers,
      { namespace, name },
      [
        { op: 'replace', path: '/metadata/resourceVersion', value: scaler.metadata.resourceVersion },
        { op: 'add', path: '/metadata/annotations', value: annotations },
        { op: 'add', path: '/spec/minReplicas', value: minReplicas },
        { op: 'add', path: '/spec/maxReplicas', value: maxReplicas },
        { op: 'add', path: '/spec/behavior', value: before.behavior },
      ],
      { as: 'json' },
    );
  });
}

/** Scaled up, it may not go below the number; scaled down, not above. At none it does nothing by itself. */
export function bounded(
  { minReplicas, maxReplicas }: Pick<Before, 'minReplicas' | 'maxReplicas'>,
  { from, to, bound }: Pick<ScalersRequest, 'from' | 'to' | 'bound'>,
): { readonly minReplicas: number; readonly maxReplicas: number } {
  if (!bound || to === 0) return { minReplicas, maxReplicas };
  return to > from
    ? { minReplicas: to, maxReplicas: Math.max(maxReplicas, to) }
    : { minReplicas: Math.min(minReplicas, to), maxReplicas: to };
}

const boundsOf = ({ spec: { minReplicas = 1, maxReplicas, behavior } }: HorizontalPodAutoscaler): Before => ({
  minReplicas,
  maxReplicas,
  behavior: behavior ?? null,
});

function beforeOf(scaler: HorizontalPodAutoscaler): Before | undefined {
  const value = readBefore(scaler);
  return typeof value === 'object' && value !== null && 'maxReplicas' in value ? (value as Before) : undefined;
}
