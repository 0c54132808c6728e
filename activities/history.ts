import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { SluiceError } from '../workflows/contract/errors.ts';
import type { History, NativeRevision } from '../workflows/contract/history.ts';
import { hasAll } from '../workflows/contract/imageName.ts';
import { workloadName } from '../workflows/contract/names.ts';
import { bringsVersion, type ReleaseRecord } from '../workflows/contract/record.ts';
import { activity } from './call.ts';
import { readRecords, writeRecord } from './history/store.ts';
import { KubernetesFailure } from './kubernetes/kubernetesFailure.ts';
import { type Shared, workloadOf } from './scope.ts';

/** What became of a workload: keeping it, and reading it. */
export function historyActivities(shared: Shared): Pick<ClusterActivities, 'record' | 'history'> {
  return {
    record: activity(async ({ target, uid, record }, call) => {
      const workload = workloadOf(shared, target, call);
      const found = await workload.revisions(target);
      if (found.uid !== uid) throw new SluiceError('WORKLOAD_NOT_FOUND', `${workloadName(target)} was made anew.`);
      const revision = becomesRevision(record) ? revisionOf(record, found.revisions) : undefined;
      const whole = { ...record, ...(revision !== undefined && { revision }) };
      await writeRecord(shared.kube.with(call.signal), target, { ...workload.owner, uid }, whole);
    }),

    history: activity(async ({ target }, call): Promise<History> => {
      const { uid, revisions } = await workloadOf(shared, target, call).revisions(target);
      try {
        return { revisions, records: await readRecords(shared.kube.with(call.signal), target, uid) };
      } catch (error) {
        if (!(error instanceof KubernetesFailure && error.code === 'FORBIDDEN')) throw error;
        return { revisions, records: [], withheld: error.message };
      }
    }),
  };
}

const becomesRevision = (record: ReleaseRecord): boolean =>
  record.phase === 'succeeded' && bringsVersion(record) && record.reload === undefined;

/** The revision that the release became: unless somebody has rolled out something else since, the current one. */
const revisionOf = ({ to }: ReleaseRecord, revisions: readonly NativeRevision[]): number | undefined =>
  revisions.find(({ images }) => hasAll(images, to))?.revision;
