import { marks } from '../../workflows/contract/names.ts';
import type { Pod } from '../kubernetes/wire.ts';

/** Reason of a readiness gate's condition while a release keeps the pod out of traffic. */
export const drainReason = 'SluiceDrain';

/** Whether a release keeps a readiness gate of the pod closed, so that it cannot become ready. */
export const isGateShut = ({ status }: Pod): boolean =>
  (status?.conditions ?? []).some(({ status: is, reason }) => is === 'False' && reason === drainReason);

/** Whether a release keeps the pod out of traffic, in whichever way. */
export const isDrained = (pod: Pod): boolean => pod.metadata.labels?.[marks.serving] === 'false' || isGateShut(pod);
