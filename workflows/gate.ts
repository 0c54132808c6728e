import { condition, sleep } from '@temporalio/workflow';
import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import { gateChecks } from './contract/checks.ts';
import { errors } from './contract/errors.ts';
import type { PlanHead, PlannedApproval } from './contract/plan.ts';
import type { Failure } from './contract/status.ts';
import { Stop } from './failure.ts';
import { announce } from './notify.ts';
import { gateRecord } from './record.ts';
import { forwardRules, heldRequest } from './requests.ts';
import { type BatchState, type OpenGate, type PodEntry, without } from './state.ts';
import { lacksApprovals } from './status.ts';

/** A bake time has so many looks at most, and none sooner than this. */
const looksOfBake = 10;
const shortestLookMs = 30_000;

/**
 * The gate after a batch: bake → verify → approval. Returns when all that it needs is there; the caller closes it.
 * @param look looks, now and then while it bakes and at its end, whether what is done still runs; throws when it does not
 * @throws Stop (CHECK_FAILED, CHECK_UNDECIDED) when a check of the gate fails, or cannot be decided: the gate is open then, and
 * an approval goes on without its checks
 */
export async function openGate(
  book: Book,
  plan: PlanHead,
  { gate: planned, name, pods }: BatchState,
  look?: () => Promise<void>,
): Promise<void> {
  const { id, bakeMs, approval, early } = planned;
  const gateNow = (): OpenGate => {
    if (book.state.gate?.id === id) return book.state.gate;
    const bakedAt = new Date(Date.now() + bakeMs).toISOString();
    const needs = approval === undefined ? {} : { needs: approval };
    return { id, since: book.now, bakedAt, approvals: [], ...needs, ...(early && { early }) };
  };
  if (bakeMs > 0 || approval !== undefined) {
    const { carried, checkedAt, ...open } = gateNow();
    const isChecked = carried === true && checkedAt !== undefined;
    book.set((state) => ({ ...state, phase: 'gate', gate: isChecked ? { ...open, checkedAt } : open }));
    if (isChecked) return untilApproved(book, approval, checkedAt);
    if (carried !== true) void announce(book, 'gate');
  }
  if (bakeMs > 0) await bake(book, bakeMs, look);
  const failure = await verify(book, plan, name, pods.find(({ state }) => state === 'done') ?? pods[0]);
  if (failure?.code === 'CHECK_UNDECIDED') book.set((state) => ({ ...state, phase: 'gate', gate: gateNow() }));
  if (failure !== undefined) throw new Stop(failure);
  const checkedAt = book.now;
  book.set((state) => (state.gate === undefined ? state : { ...state, gate: { ...state.gate, checkedAt } }));
  return untilApproved(book, approval, checkedAt);
}

/** Waits for the people who are asked. `since`: when they could decide, and the time began in which they may. */
async function untilApproved(book: Book, approval: PlannedApproval | undefined, since: string): Promise<void> {
  if (approval === undefined) return;
  const { id = '', expired } = book.state.gate ?? {};
  const decided = (): boolean => book.state.gate === undefined || !lacksApprovals(book.state.gate);
  if (approval.expiresMs === undefined || expired === true) return condition(decided);
  const leftMs = Math.max(1, Date.parse(since) + approval.expiresMs - Date.now());
  if (await condition(decided, leftMs, { summary: `approval of ${id} expires` })) return;
  if (approval.onExpiry === 'rollback') book.askRollback('sluice', `nobody approved ${id} in time`);
  else {
    book.set((state) => (state.gate === undefined ? state : { ...state, gate: { ...state.gate, expired: true } }));
    book.log(`The time to approve ${id} is over; it goes on waiting.`);
    void announce(book, 'gate');
  }
  return condition(decided);
}

async function bake(book: Book, bakeMs: number, look?: () => Promise<void>): Promise<void> {
  const { id = '', early } = book.state.gate ?? {};
  const summary = `bake at ${id}`;
  const endMs = Date.now() + leftOf(book.state.gate, bakeMs);
  const everyMs = look === undefined ? bakeMs : Math.max(shortestLookMs, bakeMs / looksOfBake);
  for (let leftMs = endMs - Date.now(); leftMs > 0; leftMs = endMs - Date.now()) {
    // What would be left after it is none worth a timer of its own.
    const napMs = leftMs < everyMs * 1.5 ? leftMs : everyMs;
    if (!early) await sleep(napMs, { summary });
    else if (await condition(() => endsEarly(book.state.gate), napMs, { summary })) return;
    await look?.();
  }
}

/** Whether people have said that the bake time may end. */
const endsEarly = (gate: OpenGate | undefined): boolean =>
  gate === undefined || (gate.approvals.length > 0 && !lacksApprovals(gate));

/** What is left of the bake time; all of it where the gate has just opened. */
const leftOf = (gate: OpenGate | undefined, bakeMs: number): number =>
  gate === undefined ? bakeMs : Math.max(1, Date.parse(gate.bakedAt) - Date.now());

export function closeGate(book: Book): void {
  const { gate } = book.state;
  if (gate === undefined) return;
  book.log(`Passed ${gate.id}.`);
  const passed = gateRecord(gate, book.now, true);
  book.set((state) => ({ ...without(state, 'gate'), gatesPassed: [...(state.gatesPassed ?? []), passed] }));
}

/** Checks of the whole workload; those of single pods have run in the pump. Answers why it may not go on. */
async function verify(
  book: Book,
  plan: PlanHead,
  batch: string,
  pod: PodEntry | undefined,
): Promise<Failure | undefined> {
  const checks = gateChecks(plan.checks);
  if (checks.length === 0 || pod === undefined || book.state.gate?.unchecked) return undefined;
  const { waiting } = clusterActivities(book.identity.target.cluster);
  const answer = await waiting.check.executeWithOptions({ summary: 'check the new version' }, [
    {
      ...heldRequest(book, plan),
      ...forwardRules(plan),
      batch,
      checks,
      pods: [{ name: pod.name, uid: pod.uid, wasReady: true, since: book.now }],
    },
  ]);
  const [failed] = answer.failed;
  return failed && { code: failed.code, text: failed.reason, next: errors[failed.code].next };
}
