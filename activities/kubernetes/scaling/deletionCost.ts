import { setTimeout as sleep } from 'node:timers/promises';
import { idOfHolder, marks } from '../../../workflows/contract/names.ts';
import { eachPod } from '../../eachPod.ts';
import type { Scaling } from '../../ports.ts';
import { KubernetesFailure } from '../kubernetesFailure.ts';
import { isReady } from '../podState.ts';
import { type Location, pods as podResource } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import type { Connection } from '../types.ts';
import type { Pod } from '../wire.ts';
import { numberAccess, setNumber } from './number.ts';

/** By this annotation the controller of a ReplicaSet, and that of a CloneSet, chooses among pods that are ready. */
const costKey = 'controller.kubernetes.io/pod-deletion-cost';
/** The lowest that there is: nobody can have asked for less. */
const lowest = '-2147483648';

/**
 * That controller hears of pods and of its number by two watches, and nothing shows how far it is: so long lies between the
 * two writes. What went is looked at afterwards all the same.
 */
const heardMs = 1_000;

/** What the annotation marks.leaving says. */
interface Leaving {
  readonly holder: string;
  /** null: it had none. */
  readonly cost: string | null;
}

/** Workloads whose pods a ReplicaSet or a CloneSet bears: their controller takes pods by readiness, then by their deletion cost. */
export const byDeletionCost = (kube: Connection, resource: Location, signal: AbortSignal): Scaling => ({
  access: numberAccess(resource),
  rank: rankOf,
  set: (held, number) => setNumber(kube, resource, held, number),
  async choose(pods, holder) {
    const written = await rewrite(kube, pods, signal, (pod) => {
      const before = leavingOf(pod);
      if (before?.holder === holder) return undefined;
      const mark: Leaving = { holder, cost: before === undefined ? (costIn(pod) ?? null) : before.cost };
      return { [costKey]: lowest, [marks.leaving]: JSON.stringify(mark) };
    });
    if (written > 0) await sleep(heardMs, undefined, { signal });
  },
  async spare(pods, holder) {
    await rewrite(kube, pods, signal, (pod) => {
      const before = leavingOf(pod);
      if (before === undefined || idOfHolder(before.holder) !== idOfHolder(holder)) return undefined;
      return { [costKey]: before.cost, [marks.leaving]: null };
    });
  },
});

/** The order of kube-controller-manager's ActivePodsWithRanks, as far as it comes before the cost. */
export function rankOf(pod: Pod): number {
  if (!pod.spec.nodeName) return 0;
  const phase = ['Pending', 'Unknown'].indexOf(pod.status?.phase ?? 'Pending');
  if (phase >= 0) return 1 + phase;
  return isReady(pod) ? 4 : 3;
}

/** The pod-deletion-cost that somebody else gave it, 0 where there is none that counts. */
export function ownCost(pod: Pod): number {
  const before = leavingOf(pod);
  const cost = before === undefined ? costIn(pod) : before.cost;
  return cost !== null && cost !== undefined && /^-?[1-9]\d*$/.test(cost) ? Number(cost) : 0;
}

const costIn = ({ metadata }: Pod): string | undefined => metadata.annotations?.[costKey];

function leavingOf({ metadata }: Pod): Leaving | undefined {
  const text = metadata.annotations?.[marks.leaving];
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Leaving>;
    return { holder: value.holder ?? '', cost: value.cost ?? null };
  } catch {
    return undefined;
  }
}

/** How many were written. Each in a write that fails if anything changed the pod since it was read; pods that are gone are no hindrance. */
async function rewrite(
  kube: Connection,
  pods: readonly Pod[],
  signal: AbortSignal,
  annotationsOf: (pod: Pod) => Readonly<Record<string, string | null>> | undefined,
): Promise<number> {
  let written = 0;
  const known = pods.map((pod) => ({ name: pod.metadata.name, pod }));
  const { failed, later } = await eachPod(known, signal, async ({ pod }) => {
    const { namespace = '', name, uid } = pod.metadata;
    let current: Pod | undefined = pod;
    await retryConflicts(async () => {
      current ??= await kube.get(podResource, { namespace, name });
      const annotations = current.metadata.uid === uid ? annotationsOf(current) : undefined;
      const { resourceVersion } = current.metadata;
      current = undefined;
      if (annotations === undefined) return;
      await kube.patch(
        podResource,
        { namespace, name },
        { metadata: { uid, resourceVersion, annotations } },
        { as: 'merge' },
      );
      written += 1;
    });
    return 'done';
  });
  const [first] = failed;
  if (first) throw new KubernetesFailure(first.code, `${first.pod}: ${first.reason}`, { status: 422 });
  if (later.length > 0)
    throw new KubernetesFailure('CONFLICT', `pod ${later[0]} is written by others`, { status: 409 });
  return written;
}
