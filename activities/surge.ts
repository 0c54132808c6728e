import { setTimeout as sleep } from 'node:timers/promises';
import type { Handful, HandfulRequest, SweepRequest } from '../workflows/contract/activities/handful.ts';
import { SluiceError } from '../workflows/contract/errors.ts';
import { marks } from '../workflows/contract/names.ts';
import type { Call } from './call.ts';
import { emptyHandful, join } from './handful.ts';
import { isLeaving, isReady } from './kubernetes/podState.ts';
import { isApart, isLeftBy, removeApart } from './kubernetes/surplus.ts';
import type { Pod } from './kubernetes/wire.ts';
import type { WorkloadPods } from './podsOf.ts';
import type { PumpedPod, TrafficRules } from './ports.ts';
import type { Scope } from './scope.ts';
import { pumpedPod, rulesOf } from './stages.ts';
import { until } from './until.ts';

/** Between two looks whether pods may go. */
const betweenMs = 250;

/** How old pods go when the new ones that were born beside them serve. See ClusterActivities.retire. */
export async function retire(request: HandfulRequest, scope: Scope, pods: WorkloadPods, call: Call): Promise<Handful> {
  const apart = new Map(pods.watch.all().flatMap((pod) => (isApart(pod) ? [[pod.metadata.uid, pod] as const] : [])));
  const { live, gone } = pods.split(request.pods);
  const placeOf = new Map<string, string>();
  const old = live.flatMap(({ name, pod, since, traffic }) =>
    replacedBy(pod, apart).map((before): PumpedPod => {
      placeOf.set(before.metadata.name, name);
      const { name: own, uid } = before.metadata;
      return pumpedPod({ name: own, uid, pod: before, since, ...(traffic && { traffic }) });
    }),
  );
  const answer = await letGo(old, request, rulesOf(request), scope, pods, call);
  const failed = answer.failed.map((failure) => ({
    ...failure,
    pod: placeOf.get(failure.pod) ?? failure.pod,
    reason: `${failure.pod}, which was there before: ${failure.reason}`,
  }));
  const open = new Set([...answer.later.map((name) => placeOf.get(name) ?? name), ...failed.map(({ pod }) => pod)]);
  const later = [...open].filter((name) => !failed.some(({ pod }) => pod === name));
  return {
    ...emptyHandful,
    done: live.map(({ name }) => name).filter((name) => !open.has(name)),
    later,
    failed,
    gone,
    ...(answer.notes && { notes: answer.notes }),
  };
}

/**
 * Nobody has waited for those in their places: so they stay until the workload has as many ready pods as it wants, or so
 * long as a pod may take to get ready. Those of an earlier release, which was terminated, stay for longer: they may be all that
 * serves. See ClusterActivities.sweep.
 * @throws POD_FAILED where a Service would lose its last endpoint by it
 */
export async function sweep(request: SweepRequest, scope: Scope, pods: WorkloadPods, call: Call): Promise<void> {
  const { readyTimeoutMs, traffic, holder, target } = request;
  let enough = true;
  const isOurs = (pod: Pod): boolean => pod.metadata.annotations?.[marks.release] === holder;
  const leftOf = () => pods.watch.all().filter((pod) => isLeftBy(pod, request) && (enough || isOurs(pod)));
  if (leftOf().length === 0) return;
  const { replicas } = await scope.workload.observe(target);
  const isEnough = () =>
    pods.all().filter((pod) => isReady(pod) && !isLeaving(pod) && !isApart(pod)).length >= replicas;
  const patienceMs = Math.min(readyTimeoutMs, (call.answerBy - Date.now()) / 2);
  enough = leftOf().some(isOurs) ? await until(isEnough, patienceMs, call.signal, [pods]) : isEnough();
  if (leftOf().length === 0) return;

  const since = new Date().toISOString();
  const deadline = Date.now() + patienceMs;
  for (;;) {
    call.signal.throwIfAborted();
    const left = leftOf();
    call.progress({ left: left.length });
    const old = left.map((pod) => ({ name: pod.metadata.name, uid: pod.metadata.uid, pod, since }));
    // Whatever becomes of their callers after maxDrain: others are in their places.
    const { done } = await letGo(old, request, { ...traffic, readyTimeoutMs, undo: true }, scope, pods, call);
    if (done.length === left.length) return;
    if (Date.now() > deadline) {
      const names = left.map(({ metadata }) => metadata.name).join(', ');
      throw new SluiceError('POD_FAILED', `${names} cannot go: nobody serves in the place of the last one.`);
    }
    await sleep(betweenMs, undefined, { signal: call.signal });
  }
}

/** Out of traffic, silent, deleted: what has come so far is not drained once more. */
async function letGo(
  old: readonly PumpedPod[],
  { traffic: { through } }: Pick<HandfulRequest, 'traffic'>,
  rules: TrafficRules,
  { kube, traffic }: Scope,
  pods: WorkloadPods,
  { signal }: Call,
): Promise<Handful> {
  if (old.length === 0) return emptyHandful;
  const only = (names: readonly string[]) => old.filter(({ name }) => names.includes(name));
  if (through.length === 0) return removeApart(kube, old, signal);
  const path = traffic(through, pods);
  const drained = await path.drain(old, rules);
  const out = only(drained.done);
  const silent = out.length === 0 ? emptyHandful : await path.silence(out, rules);
  const removed = await removeApart(kube, only(silent.done), signal);
  return join({ ...drained, done: [] }, { ...silent, done: [] }, removed);
}

/** The pods in whose place it is, the last one first, as far as they are still there. */
function replacedBy(pod: Pod, apart: ReadonlyMap<string, Pod>): readonly Pod[] {
  const before = apart.get(pod.metadata.annotations?.[marks.replaces] ?? '');
  return before === undefined ? [] : [before, ...replacedBy(before, apart)];
}
