import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlanHead } from '../contract/plan.ts';
import { heldRequest } from '../requests.ts';
import type { PodEntry } from '../state.ts';
import { pump } from './child.ts';

/** It was touched on its way out, and has not gone. */
export const isOut = ({ state }: PodEntry): boolean =>
  state !== 'queued' && state !== 'done' && state !== 'gone' && state !== 'undone';

/**
 * Puts pods back into traffic that stay after all. Answers the names of those that could not be, with the reason; those
 * that are ending already are left to it.
 */
export async function putBack(
  book: Book,
  plan: PlanHead,
  name: string,
  pods: readonly PodEntry[],
): Promise<readonly { readonly pod: string; readonly reason: string }[]> {
  if (pods.length === 0 || plan.traffic.through.length === 0) return [];
  const { waiting } = clusterActivities(book.identity.target.cluster);
  const refs = pods.map((pod) => ({ name: pod.name, uid: pod.uid }));
  const { gone } = await waiting.prepare.executeWithOptions({ summary: 'look which pods are still there' }, [
    { ...heldRequest(book, plan), through: [], pods: refs },
  ]);
  const left = new Set(gone);
  const there = pods.filter((pod) => !left.has(pod.name)).map((pod) => ({ ...pod, outOfTraffic: true }));
  if (there.length === 0) return [];
  const some = { name, pods: there, only: ['restore'], doing: 'back in traffic', undo: true } as const;
  const { failed, stopped } = await pump(book, plan, some);
  return [...failed, ...stopped.map(({ pod }) => ({ pod, reason: 'this was stopped from outside' }))];
}
