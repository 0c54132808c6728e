import { createHash } from 'node:crypto';
import { fieldManager, type Target } from '../../workflows/contract/names.ts';
import type { ReleaseRecord } from '../../workflows/contract/record.ts';
import { configMaps } from '../kubernetes/resources.ts';
import { retryConflicts } from '../kubernetes/retryConflicts.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { ConfigMap } from '../kubernetes/wire.ts';
import type { Access } from '../ports.ts';
import { recordsIn, recordsText, withRecord } from './bounded.ts';

/** What the worker must be allowed to do to keep records. A release without it goes on. */
export const recordAccess: readonly Access[] = ['get', 'create', 'patch', 'delete'].map((verb) => ({
  group: '',
  resource: 'configmaps',
  verb,
}));

/** The object that records belong to: they are deleted with it. */
export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly uid: string;
}

const dataKey = 'records.json';

/** `sluice-history-deployment-checkout`; a name that would be too long ends in a hash of itself. */
export function historyMapName({ kind, name }: Pick<Target, 'kind' | 'name'>): string {
  const full = `sluice-history-${kind}-${name}`;
  if (full.length <= 253) return full;
  return `${full.slice(0, 240)}-${createHash('sha256').update(full).digest('hex').slice(0, 12)}`;
}

/** The records of a workload, newest first. Those of one that was deleted and made anew under its name are not its own. */
export async function readRecords(kube: Connection, target: Target, uid: string): Promise<readonly ReleaseRecord[]> {
  const map = await kube.find(configMaps, atOf(target));
  return map !== undefined && belongsTo(map, uid) ? recordsIn(map.data?.[dataKey]) : [];
}

/** Adds one record. Can run again, and beside others that do the same. */
export async function writeRecord(
  kube: Connection,
  target: Target,
  owner: Owner,
  record: ReleaseRecord,
): Promise<void> {
  const at = atOf(target);
  await retryConflicts(async () => {
    const map = await kube.find(configMaps, at);
    if (map !== undefined && belongsTo(map, owner.uid)) {
      const data = { [dataKey]: recordsText(withRecord(recordsIn(map.data?.[dataKey]), record)) };
      const { resourceVersion } = map.metadata;
      await kube.patch(configMaps, at, { metadata: { resourceVersion }, data }, { as: 'merge' });
      return;
    }
    // Of a workload that is gone: the garbage collector has not come round to it yet.
    if (map !== undefined) await kube.remove(configMaps, at, { uid: map.metadata.uid });
    await kube.create(configMaps, newMap(target, owner, record), { namespace: target.namespace });
  });
}

function newMap(target: Target, { apiVersion, kind, uid }: Owner, record: ReleaseRecord): object {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...atOf(target),
      labels: { 'app.kubernetes.io/managed-by': fieldManager },
      ownerReferences: [{ apiVersion, kind, name: target.name, uid }],
    },
    data: { [dataKey]: recordsText([record]) },
  };
}

const atOf = (target: Target) => ({ namespace: target.namespace, name: historyMapName(target) });

const belongsTo = ({ metadata }: ConfigMap, uid: string): boolean =>
  metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
