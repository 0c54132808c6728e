import type { Scaling } from '../../ports.ts';
import type { Location } from '../resources.ts';
import type { Connection } from '../types.ts';
import type { Pod } from '../wire.ts';
import { numberAccess, setNumber } from './number.ts';

/** Workloads that number their pods: the highest goes first, and nothing changes that. */
export const byOrdinal = (kube: Connection, resource: Location, ordinal: (pod: Pod) => number): Scaling => ({
  access: numberAccess(resource),
  rank: (pod) => -ordinal(pod),
  set: (held, number) => setNumber(kube, resource, held, number),
  choose: () => Promise.resolve(),
  spare: () => Promise.resolve(),
});
