import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import type { PlanHead } from './contract/plan.ts';
import type { Failure } from './contract/status.ts';
import { pump } from './partWay.ts';
import { heldRequest } from './requests.ts';
import type { PodEntry } from './state.ts';

/** It was touched on its way out, and has not gone. */
export const isOut = ({ state }: PodEntry): boolean =>
  state !== 'queued' && state !== 'done' && state !== 'gone' && state !== 'undone';

/** What became of pods that were to be put back, by name. */
interface PutBack {
  readonly failed: readonly { readonly pod: string; readonly reason: string }[];
  /** No more there, or ending already: they are left to it. */
  readonly gone: readonly string[];
}

/** Puts pods back into traffic, as they stood before. */
export async function putBack(book: Book, plan: PlanHead, name: string, pods: readonly PodEntry[]): Promise<PutBack> {
  if (pods.length === 0 || plan.traffic.through.length === 0) return { failed: [], gone: [] };
  const { waiting } = clusterActivities(book.identity.target.cluster);
  const refs = pods.map((pod) => ({ name: pod.name, uid: pod.uid }));
  const { gone } = await waiting.prepare.executeWithOptions({ summary: 'look which pods are still there' }, [
    { ...heldRequest(book, plan), through: [], pods: refs },
  ]);
  const left = new Set(gone);
  const there = pods.filter((pod) => !left.has(pod.name)).map((pod) => ({ ...pod, outOfTraffic: true }));
  if (there.length === 0) return { failed: [], gone };
  const some = { name, pods: there, only: ['restore'], doing: 'back in traffic', undo: true } as const;
  const { failed, stopped, gone: died } = await pump(book, plan, some);
  return {
    failed: [...failed, ...stopped.map(({ pod }) => ({ pod, reason: 'this was stopped from outside' }))],
    gone: [...gone, ...died],
  };
}

/** Of one that could not be. */
export const notBack = (book: Book, { pod, reason }: PutBack['failed'][number]): Failure => ({
  code: 'POD_FAILED',
  text: `Pod ${pod} is not back in traffic: ${reason}.`,
  next: `Look with \`kubectl describe pod ${pod} -n ${book.identity.target.namespace}\`.`,
});
