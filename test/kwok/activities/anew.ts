import { expect } from 'vitest';
import type { Activities } from '../../../activities/index.ts';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { ClusterActivities } from '../../../workflows/contract/activities.ts';
import { dyingAfter } from './dying.ts';
import { activitiesOf, attempt, handful } from './fixtures.ts';

/** Pods that are made anew by the activities alone, in a worker that may die. */

export const mark = 'mark-of-the-change';
/** Sets LEVEL of the container `app`. */
export const patch = { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: '1' }] }] } };
export const levelOf = ({ spec }: Pod): string =>
  spec.containers[0]?.env?.find(({ name }) => name === 'LEVEL')?.value ?? '-';
export const uidOf = ({ metadata }: Pod): string => metadata.uid;
export const isThere = ({ metadata }: Pod): boolean => metadata.deletionTimestamp === undefined;

/** Calls activities in a worker that dies after `count` writes in all, and from then on in `living`. */
export function mortally(kube: Connection, living: Activities, count: number) {
  const dying = dyingAfter(kube, count);
  const mortal = activitiesOf(dying);
  return {
    died: dying.died,
    close: () => mortal.close(),
    async run<K extends keyof ClusterActivities>(
      name: K,
      input: Parameters<ClusterActivities[K]>[0],
    ): Promise<Awaited<ReturnType<ClusterActivities[K]>>> {
      if (!dying.died()) {
        try {
          return await attempt(mortal, name, input);
        } catch (error) {
          if (!dying.died()) throw error;
        }
      }
      return attempt(living, name, input);
    },
  };
}
export type Mortal = ReturnType<typeof mortally>;

/** A batch of all pods that are not on that side yet, as its workflow runs it. Who came in the place of which, by name. */
export async function batch(
  mortal: Mortal,
  { target, uid, holder }: HeldRequest,
  pods: readonly Pod[],
  side: 'from' | 'to',
  name: string,
  surge?: true,
): Promise<ReadonlyMap<string, string>> {
  const births = { side, mark };
  const old = pods.filter((pod) => isThere(pod) && (levelOf(pod) === '1') !== (side === 'to'));
  await mortal.run('bear', { target, uid, holder, births });
  const request = { ...handful(target, uid, holder, old, {}, { births, ...(surge && { surge }) }), batch: name };
  let open = request.pods;
  const became = new Map<string, { name: string; uid: string }>();
  while (open.length > 0) {
    const answer = await mortal.run('recreate', { ...request, pods: open });
    expect([answer.failed, answer.gone]).toEqual([[], []]);
    for (const { pod, ...successor } of answer.became ?? []) became.set(pod, successor);
    open = open.filter(({ name: pod }) => answer.later.includes(pod));
  }
  let waiting = request.pods.map((pod) => ({ ...pod, ...became.get(pod.name) }));
  while (waiting.length > 0) {
    const { later, failed } = await mortal.run('wait', { ...request, pods: waiting });
    expect(failed).toEqual([]);
    waiting = waiting.filter(({ name: pod }) => later.includes(pod));
  }
  let retiring = surge ? request.pods.map((pod) => ({ ...pod, ...became.get(pod.name) })) : [];
  while (retiring.length > 0) {
    const { later, failed } = await mortal.run('retire', { ...request, pods: retiring });
    expect(failed).toEqual([]);
    retiring = retiring.filter(({ name: pod }) => later.includes(pod));
  }
  await mortal.run('bear', { target, uid, holder });
  return new Map([...became].map(([pod, successor]) => [pod, successor.name]));
}
