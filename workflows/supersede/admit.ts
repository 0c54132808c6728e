import { CancellationScope, condition } from '@temporalio/workflow';
import type { Book } from '../book.ts';
import { versionBefore } from '../contract/changeText.ts';
import type { ErrorCode } from '../contract/errors.ts';
import type { Reply, SupersedeMessage } from '../contract/messages.ts';
import type { Plan } from '../contract/plan.ts';
import { goesBackFirst } from '../contract/planner/supersede.ts';
import { countOf } from '../contract/quantity.ts';
import type { Said } from '../contract/status.ts';
import { failureOf } from '../failure.ts';
import { logged, type Superseding, withDecision } from '../state.ts';
import { planSuccessor } from './plan.ts';
import { supersedeRefusal } from './refusal.ts';

/** What became of the message. */
export type Admitted =
  | { readonly reply: Reply }
  | { readonly code: ErrorCode; readonly text: string; readonly next?: string };

/**
 * Makes the plan of the newer version while the release goes on; where it can be made the release is called off, else
 * all stays as it is.
 */
export async function admit(
  book: Book,
  said: Said,
  message: SupersedeMessage,
  updateId: string | undefined,
): Promise<Admitted> {
  const planned = await plan(book, message.spec);
  const refusal = supersedeRefusal(book.state);
  if (refusal !== undefined) return refusal;
  if ('code' in planned) return planned;
  const { version } = planned.change;
  const { phase } = book.state;
  if (message.dryRun === true) {
    return { reply: { text: `This is how it would go on to ${version}. Nothing was changed.`, phase, plan: planned } };
  }
  const reply = replyOf(book, planned);
  const superseding: Superseding = {
    said,
    spec: message.spec,
    version,
    reply,
    ...(message.paused === true && { paused: true }),
    ...(message.gated !== undefined && { gated: message.gated }),
    ...(updateId !== undefined && { updateId }),
  };
  const why = said.reason === undefined ? '' : ` (${said.reason})`;
  book.set((state) =>
    withDecision(logged({ ...state, superseding }, { at: said.at, by: said.by, text: `${reply}${why}` }), {
      message: 'supersede',
      ...said,
    }),
  );
  return { reply: { text: reply, phase } };
}

/** The plan, or why there is none. It is given up as soon as the release can be superseded no more. */
async function plan(book: Book, spec: unknown): Promise<Plan | { code: ErrorCode; text: string; next: string }> {
  const planning = new CancellationScope();
  let planned = false;
  void condition(() => planned || supersedeRefusal(book.state) !== undefined).then(
    () => planning.cancel(),
    () => undefined,
  );
  try {
    return await planning.run(() => planSuccessor(book, spec));
  } catch (error) {
    return failureOf(error);
  } finally {
    planned = true;
  }
}

function replyOf({ state }: Book, { change: { version }, batches }: Plan): string {
  if (state.plan !== undefined && goesBackFirst(state.plan)) {
    const { change } = state.plan;
    return `Superseding ${change.version} with ${version}: everyone goes back to ${versionBefore(change)} first, then ${version} begins.`;
  }
  const pods = batches.reduce((sum, batch) => sum + batch.pods.length, 0);
  const { version: now = 'this version' } = state.plan?.change ?? {};
  return `Superseding ${now} with ${version}: what is in hand is finished, then ${countOf(pods, 'pod')} go to ${version}, the gray group first.`;
}
