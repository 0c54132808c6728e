import { marks } from '../../workflows/contract/names.ts';
import type { Pod } from '../kubernetes/wire.ts';

/** Reason of a readiness gate's condition while a release keeps the pod out of traffic. */
export const drainReason = 'SluiceDrain';

/** Whether a release keeps the pod out of traffic, in whichever way. */
export const isDrained = ({ metadata, status }: Pod): boolean =>
  metadata.labels?.[marks.serving] === 'false' ||
  (status?.conditions ?? []).some(({ status: is, reason }) => is === 'False' && reason === drainReason);
