import type { Standing } from '../../../workflows/contract/trafficLook.ts';
import type { LivePod } from '../../ports.ts';
import type { Found } from '../registries/registry.ts';
import { beforeOf, lookAt, problemOf, type RegistryWork } from './work.ts';

/** How the instance of each pod stands in the registry. */
export async function registryStands(
  work: RegistryWork,
  pods: readonly LivePod[],
): Promise<ReadonlyMap<string, readonly Standing[]>> {
  const found = await lookAt(work, pods);
  return new Map(pods.map((pod) => [pod.name, [standing(work, pod, found.get(pod.name) ?? { is: 'none' })]]));
}

function standing(work: RegistryWork, pod: LivePod, seen: Found): Standing {
  if (seen.is === 'none') return { is: 'absent' };
  if (seen.is !== 'there') return { is: 'unknown', text: problemOf(work, seen) };
  const { inTraffic, takenOut, state = {} } = seen.stand;
  if (takenOut) return { is: beforeOf(work, pod) === undefined ? 'disabled' : 'taken' };
  const warming = beforeOf(work, pod)?.warming;
  if (inTraffic) return { is: 'in', ...(warming && { text: `weight ${seen.stand.weight} of ${warming.own}` }) };
  const text = Object.values(state)[0];
  return { is: 'off', ...(text !== undefined && { text }) };
}
