import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import { leave } from './compensate.ts';
import type { PrePulled, PullFailure, PullNode } from './contract/activities/prePull.ts';
import { marks } from './contract/names.ts';
import type { PlanHead, PlannedPrePull } from './contract/plan.ts';
import { nodesAtOnce } from './contract/planner/prePull.ts';
import { countOf, humanDuration } from './contract/quantity.ts';
import { failureOf, stop } from './failure.ts';
import { unpaused } from './hold.ts';
import { heldRequest } from './requests.ts';

/**
 * Pulls the new images on the nodes of the plan, before anything of the workload is touched. Whatever happens, our pods
 * are deleted: the clean-up stands in the history before the first of them is created.
 * @throws Stop (IMAGE_PULL_FAILED) where a pod that is changed would not come back, (PRE_PULL_FAILED) where a pull that
 *   the spec requires did not work
 */
export async function prePull(book: Book, plan: PlanHead): Promise<void> {
  const { prePull: planned } = plan;
  if (planned === undefined) return;
  const pulled = { nodes: 0, of: planned.nodes.length };
  book.set((state) => ({ ...state, phase: 'pulling', pulled }));
  const began = Date.now();
  try {
    await pullAll(book, plan, planned);
    const { nodes, of } = book.state.pulled ?? pulled;
    const all = nodes === of ? countOf(nodes, 'node') : `${nodes} of ${countOf(of, 'node')}`;
    book.log(`Pulled ${plan.change.version} on ${all} in ${humanDuration(Date.now() - began)}.`);
  } finally {
    await CancellationScope.nonCancellable(() => cleanUp(book, plan));
  }
}

async function pullAll(book: Book, plan: PlanHead, planned: PlannedPrePull): Promise<void> {
  const queue = [...planned.nodes];
  let inHand: PullNode[] = [];
  while (queue.length + inHand.length > 0) {
    await unpaused(book);
    const next = queue.splice(0, nodesAtOnce - inHand.length);
    inHand.push(...next.map((node) => ({ node, since: book.now })));
    const { done, failed, later } = await pull(book, plan, planned, inHand);
    const open = new Set(later);
    inHand = inHand.filter(({ node }) => open.has(node));
    book.set((state) => ({
      ...state,
      pulled: { nodes: (state.pulled?.nodes ?? 0) + done.length, of: planned.nodes.length },
    }));
    judge(book, planned, failed);
  }
}

/** One handful. A call that cannot work at all has failed for each of its nodes. */
async function pull(
  book: Book,
  plan: PlanHead,
  { timeoutMs }: PlannedPrePull,
  nodes: readonly PullNode[],
): Promise<PrePulled> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  const summary = `pull ${plan.change.version} on ${nodes.length === 1 ? nodes[0]?.node : `${nodes.length} nodes`}`;
  try {
    return await writing.prePull.executeWithOptions({ summary }, [
      { ...heldRequest(book, plan), images: plan.change.to, nodes, timeoutMs },
    ]);
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { text } = failureOf(error);
    const failed = nodes.map(({ node }): PullFailure => ({ node, code: 'PRE_PULL_FAILED', reason: text }));
    return { done: [], failed, later: [] };
  }
}

/** What stops the release stops it here; the rest is told, the same of many nodes in one line. */
function judge(book: Book, { required }: PlannedPrePull, failed: readonly PullFailure[]): void {
  const fatal = failed.find(({ code }) => required || code === 'IMAGE_PULL_FAILED');
  if (fatal !== undefined) throw stop(fatal.code, `${fatal.node}: ${fatal.reason}`);
  const nodes = new Map<string, string[]>();
  for (const { node, reason } of failed) nodes.set(reason, [...(nodes.get(reason) ?? []), node]);
  for (const [reason, [first, ...others]] of nodes) {
    const where = `${first}${others.length > 0 ? ` and ${countOf(others.length, 'other node')}` : ''}`;
    book.log(`Not pulled beforehand on ${where}: ${reason}. The release goes on.`);
  }
}

async function cleanUp(book: Book, plan: PlanHead): Promise<void> {
  const { target } = book.identity;
  const { writing } = clusterActivities(target.cluster);
  try {
    await writing.endPrePull.executeWithOptions({ summary: 'delete the pods that pulled' }, [heldRequest(book, plan)]);
  } catch (error) {
    const { code, text } = failureOf(error);
    leave(book, {
      code,
      text: `Not deleted: the pods that pulled the image: ${text}`,
      next: `\`kubectl delete pods -n ${target.namespace} -l ${marks.prePull}=${plan.uid}\`; they run nothing.`,
    });
  }
}
