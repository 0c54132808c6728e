import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { Labels } from '../../ports.ts';
import { isInterim, settleRevisions } from '../controllerRevisions.ts';
import { hasLabels } from '../podState.ts';
import { retryConflicts } from '../retryConflicts.ts';
import type { Connection } from '../types.ts';
import type { SetKind } from './kind.ts';
import { lookAgain, lookHeld, untilObserved } from './look.ts';
import { revisionLabels } from './pods.ts';
import { foreignChange } from './trail.ts';
import { callWitness, dismissWitness } from './witness.ts';

/**
 * Sets labels in its template, from which pods are born. The controller makes a revision of that: the live pods shall be
 * of it as well, so that its status tells when it has seen them (see `seen`); the ones before that only a release made
 * are deleted, before they push any out of the history.
 */
export async function labelBirths(
  kube: Connection,
  kind: SetKind,
  request: HeldRequest,
  labels: Labels,
): Promise<Labels> {
  const adds = Object.values(labels).some((value) => value !== null);
  const look = await retryConflicts(async () => {
    const found = adds ? await lookHeld(kube, kind, request) : await lookAgain(kube, kind, request);
    if (!found || hasLabels(found.set.spec.template.metadata?.labels, labels)) return found;
    const { namespace = '', name, resourceVersion } = found.set.metadata;
    const body = { metadata: { resourceVersion }, spec: { template: { metadata: { labels } } } };
    await kube.patch(kind.resource, { namespace, name }, body, { as: 'merge' });
    return found;
  });
  if (!look) return {};
  if (kind.elsewhere) await (adds ? callWitness(kube, kind, request, look.set) : dismissWitness(kube, request));
  const { set, newest, label } = await untilObserved(kube, kind, request);
  await settleRevisions(kube, set, new Map(), (old) => old.metadata.name !== newest && isInterim(old));
  // Somebody else's template: its pods are not of it, and its controller shall see that.
  return foreignChange(look) === undefined ? revisionLabels(kind, label) : {};
}
