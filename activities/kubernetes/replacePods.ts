import type { Handful, HandfulPod, HandfulRequest, PodNote } from '../../workflows/contract/activities/handful.ts';
import { marks } from '../../workflows/contract/names.ts';
import { eachPod } from '../eachPod.ts';
import { handfulOf, join, type Outcome } from '../handful.ts';
import type { PodsOf } from '../ports.ts';
import { until } from '../until.ts';
import { Claims, isAnother, type Place } from './claims.ts';
import { type LostNodes, lostNodes } from './lostNodes.ts';
import { hasMark, isLeaving } from './podState.ts';
import { pods as podResource } from './resources.ts';
import { setApart } from './surplus.ts';
import type { Connection } from './types.ts';
import type { Pod } from './wire.ts';

/** What is known of the births of a workload. */
export interface Nursery {
  /** How many pods its controller keeps. */
  readonly replicas: number;
  /** Why its controller could not make a pod when it last tried, as the API server said it. */
  readonly refused?: string;
}

export interface ReplaceDeps {
  readonly kube: Connection;
  readonly signal: AbortSignal;
  /** All pods of the workload. */
  readonly pods: PodsOf;
  readonly nursery: () => Promise<Nursery>;
  /** Where it is given, a pod is born only when the one before is gone for good: not while its node is lost. */
  readonly place?: Place;
}

/** One call waits so long for births; those that take longer come again. */
const callMs = 10_000;
/** After the first birth so long is waited for the others. */
const lingerMs = 250;
/** How often the workload is asked how its births go, while nobody is born. */
const nurseryMs = 2_000;
/** A refusal that lasts so long is none of the moment. */
const refusalMs = 15_000;

/**
 * Deletes the pods, by UID, or sets them apart where newborns come first, and finds for each the one that is born in its
 * place (see {@link Claims}). A pod that is of the wanted template already is left alone; one that is gone has a
 * successor like those that are deleted here. Where the workload has all its pods and none of them is left to claim, it
 * was scaled in: then the pod is `gone`.
 */
export async function replacePods(
  asked: readonly HandfulPod[],
  request: HandfulRequest,
  deps: ReplaceDeps,
): Promise<Handful> {
  const { signal, pods } = deps;
  const isNew = (pod: Pod): boolean => hasMark(pod, request.births?.mark) === (request.births?.side === 'to');
  const there = asked.flatMap((ref) => {
    const pod = pods.find(ref);
    return pod && !isLeaving(pod) ? [{ ...ref, pod }] : [];
  });
  const right = there.filter(({ pod }) => isNew(pod)).map(({ name }) => name);
  const old = there.filter(({ pod }) => !isNew(pod));
  const deleted = await (request.surge ? setApart(old, request, deps) : removePods(old, request, deps));
  const settled = new Set([...right, ...deleted.later, ...deleted.failed.map(({ pod }) => pod)]);
  const claims = new Claims(
    asked.filter(({ name }) => !settled.has(name)),
    { ...deps, isBorn: (pod) => isNew(pod) && isOf(pod, request), labels: { [marks.podBatch]: request.batch } },
  );

  const outcomes = new Map<string, Outcome>();
  const notes: PodNote[] = [];
  const nodes = lostNodes(deps.kube);
  let answerBy = Date.now() + callMs;
  for (;;) {
    await claims.claim();
    if (claims.became.length > 0) answerBy = Math.min(answerBy, Date.now() + lingerMs);
    const leftMs = Math.min(answerBy - Date.now(), nurseryMs);
    if (claims.open.length === 0 || leftMs <= 0) break;
    if (await until(() => claims.isFree, leftMs, signal, [pods])) continue;
    if (claims.became.length > 0) continue;
    const lost = deps.place ? onLostNodes(claims.open, pods, nodes) : [];
    for (const { ref, node } of lost ?? []) {
      claims.close(ref);
      outcomes.set(ref.name, 'gone');
      notes.push({ pod: ref.name, text: lostText(node) });
    }
    if (lost === undefined) continue;
    for (const [ref, outcome] of await unborn(claims, request, deps)) {
      claims.close(ref);
      outcomes.set(ref.name, outcome);
    }
  }
  for (const { name } of claims.open) outcomes.set(name, 'later');
  const done = [...right, ...claims.became.map(({ pod }) => pod)];
  const answer = join({ ...deleted, done, notes }, handfulOf(outcomes));
  return claims.became.length === 0 ? answer : { ...answer, became: claims.became };
}

/** Those that stay until their node reports; undefined before that is known. Nobody counts on a pod there meanwhile. */
function onLostNodes(open: readonly HandfulPod[], pods: PodsOf, nodes: LostNodes) {
  const placed = open.flatMap((ref) => {
    const node = pods.find(ref)?.spec.nodeName;
    return node === undefined ? [] : [{ ref, node, isLost: nodes.isLost(node) }];
  });
  return placed.some(({ isLost }) => isLost === undefined) ? undefined : placed.filter(({ isLost }) => isLost);
}

const lostText = (node: string): string =>
  `Its node ${node} does not report: it is deleted, and the one in its place is born when the node is back.`;

const removePods = (
  old: readonly HandfulPod[],
  { target: { namespace } }: HandfulRequest,
  { kube, signal }: ReplaceDeps,
): Promise<Handful> =>
  eachPod(old, signal, async ({ name, uid }): Promise<Outcome> => {
    try {
      await kube.remove(podResource, { namespace, name }, { uid });
    } catch (error) {
      if (!isAnother(error)) throw error;
    }
    return 'done';
  });

/** Whether it was born while the release made pods anew. */
const isOf = ({ metadata: { annotations } }: Pod, { holder }: HandfulRequest): boolean =>
  annotations?.[marks.release] === holder;

/** What becomes of pods in whose place nobody was born for a while. */
async function unborn(
  claims: Claims,
  { readyTimeoutMs }: HandfulRequest,
  { pods, nursery }: ReplaceDeps,
): Promise<readonly (readonly [HandfulPod, Outcome])[]> {
  const { replicas, refused } = await nursery();
  const living = pods.all().filter((pod) => !isLeaving(pod));
  const isThere = ({ uid }: HandfulPod) => living.some(({ metadata }) => metadata.uid === uid);
  if (living.length >= replicas && !claims.isFree && !claims.open.some(isThere)) {
    return claims.open.map((ref) => [ref, 'gone'] as const);
  }
  return claims.open.flatMap((ref) => {
    const waitedMs = Date.now() - Date.parse(ref.since);
    // A quota has room again when the pods that are being deleted are gone.
    const lasts = refused !== undefined && !refused.includes('exceeded quota') && waitedMs > refusalMs;
    if (!lasts && waitedMs < readyTimeoutMs) return [];
    const reason = `no pod is born in its place: ${refused ?? 'its controller makes none'}`;
    return [[ref, { code: 'POD_FAILED', reason }] as const];
  });
}
