import { isDeepStrictEqual } from 'node:util';
import { marks } from '../../../workflows/contract/names.ts';
import type { LeftOut } from '../../../workflows/contract/observation.ts';
import type { PodRef } from '../../../workflows/contract/plan.ts';
import type { Outcome } from '../../handful.ts';
import { KubernetesFailure } from '../../kubernetes/kubernetesFailure.ts';
import { pods } from '../../kubernetes/resources.ts';
import type { Pod } from '../../kubernetes/wire.ts';
import type { LivePod, TrafficDeps } from '../../ports.ts';
import type { LeftStand } from './weights.ts';

/**
 * What a pod was taken out of and how it stood there before, by source, in an annotation of the pod: written before it
 * is taken out, and away when it is seen back with its own weight. Whoever comes after a worker or a release that is no more finds it there.
 */
type Trail = Readonly<Record<string, LeftStand>>;

export const trailOf = (pod: Pod, source: string): LeftStand | undefined => readTrail(pod)[source];

/** Which pods are out of what, as far as it is written on them. */
export function leftOutOf(own: readonly Pod[]): readonly LeftOut[] {
  const sources = new Set(own.flatMap((pod) => Object.keys(readTrail(pod))));
  return [...sources].map((source) => ({
    source,
    pods: own.filter((pod) => trailOf(pod, source) !== undefined).map(({ metadata }) => metadata.name),
  }));
}

/** The pod as it is now, where a watch may not have heard yet what another worker wrote; undefined: it is no more. */
export async function readAnew(
  { kube, held, pods: known }: TrafficDeps,
  { name, uid }: PodRef,
): Promise<Pod | undefined> {
  const pod = await kube.find(pods, { namespace: held.target.namespace, name });
  if (pod?.metadata.uid !== uid) return undefined;
  known.wrote(pod);
  return pod;
}

/** Writes how the pod stood, or (null) that it is back. `gone`: not that pod any more. */
export async function writeTrail(
  deps: TrafficDeps,
  { name, uid, pod }: LivePod,
  source: string,
  stand: LeftStand | null,
): Promise<Outcome> {
  const { [source]: was, ...others } = readTrail(deps.pods.find({ name, uid }) ?? pod);
  if (isDeepStrictEqual(was ?? null, stand)) return 'done';
  const trail: Trail = stand === null ? others : { ...others, [source]: stand };
  const value = Object.keys(trail).length === 0 ? null : JSON.stringify(trail);
  try {
    // The UID is the precondition: another pod under this name is left alone.
    const metadata = { uid, annotations: { [marks.outOf]: value } };
    const at = { namespace: deps.held.target.namespace, name };
    deps.pods.wrote(await deps.kube.patch(pods, at, { metadata }, { as: 'merge' }));
    return 'done';
  } catch (error) {
    if (!(error instanceof KubernetesFailure)) throw error;
    const isAnother = error.status === 422 && error.message.includes('metadata.uid');
    if (error.status === 404 || isAnother) return 'gone';
    throw error;
  }
}

function readTrail({ metadata }: Pod): Trail {
  const text = metadata.annotations?.[marks.outOf];
  if (text === undefined) return {};
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read !== 'object' || read === null) return {};
    return Object.fromEntries(Object.entries(read).flatMap(([key, stand]) => (isStand(stand) ? [[key, stand]] : [])));
  } catch {
    // Somebody else wrote into it.
    return {};
  }
}

export const isStand = (value: unknown): value is LeftStand =>
  typeof value === 'object' && value !== null && 'id' in value && 'inTraffic' in value && 'takenOut' in value;
