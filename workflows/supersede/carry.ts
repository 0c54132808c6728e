import type { Plan, PlannedBatch } from '../contract/plan.ts';
import {
  type BatchState,
  initialState,
  isTouched,
  type PodEntry,
  type ReleaseState,
  type Superseding,
  waitingBatch,
} from '../state.ts';
import { originsOf } from './plan.ts';

/**
 * What a release begins with that takes the place of another one: its own plan, and what the other knows of pods and has
 * done to the workload, which a rollback undoes. No gate and no approval: those are its own. Pure.
 * @param state of the release that ends, all in hand finished
 * @param run its name
 * @param at now, ISO 8601
 */
export function successorState(
  state: ReleaseState,
  { batches, ...plan }: Plan,
  superseding: Superseding,
  ended: { readonly run: string; readonly text: string; readonly at: string },
): ReleaseState {
  const origins = originsOf(state);
  const changed = new Map(
    state.batches.flatMap(({ pods }) => pods.filter(isTouched).map((pod) => [pod.uid, pod] as const)),
  );
  return {
    ...freshSuccessor(state, superseding, ended),
    plan,
    batches: batches.map((batch) => carried(batch, changed)),
    steps: state.steps,
    notUndone: state.notUndone,
    ...(Object.keys(origins).length > 0 && { origins }),
    ...(state.steps.length > 0 && { takesOver: true }),
  };
}

/** The same where nothing is left of the other one: it has no plan yet. Pure. */
export function freshSuccessor(
  { plan, rollback }: ReleaseState,
  { said, paused, reply, updateId }: Superseding,
  { run, text, at }: { readonly run: string; readonly text: string; readonly at: string },
): ReleaseState {
  const version = plan?.change.version ?? '';
  return {
    ...initialState(at, paused === true ? said : undefined),
    ...(rollback && { rollback }),
    supersedes: { run, version, text, reply, ...(updateId !== undefined && { updateId }) },
    log: [{ at, by: said.by, text: `Takes the place of the release of ${version}. ${text}` }],
  };
}

/** A pod that is out of traffic goes on from there: how it stood before is known from its first drain. */
function carried(batch: PlannedBatch, changed: ReadonlyMap<string, PodEntry>): BatchState {
  const fresh = waitingBatch(batch);
  const pods = fresh.pods.map((pod): PodEntry => {
    const before = changed.get(pod.uid);
    if (before === undefined) return pod;
    if (before.outOfTraffic !== true) return { ...pod, changed: true };
    const { ready, traffic } = before;
    return { ...pod, changed: true, outOfTraffic: true, ready, ...(traffic && { traffic }) };
  });
  return { ...fresh, pods };
}
