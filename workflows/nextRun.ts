import { workflowInfo } from '@temporalio/workflow';
import type { Book } from './book.ts';

/** Thrown to go on in a new run of the workflow: its history has grown long. */
export class NextRun extends Error {}

/**
 * For what is done again and again while people are waited for, however long that is: Temporal ends a run whose history
 * reaches its limit. The gate that is open stays open. @throws NextRun
 */
export function nextRunAtGate(book: Book): void {
  if (!workflowInfo().continueAsNewSuggested) return;
  book.set((state) => (state.gate === undefined ? state : { ...state, gate: { ...state.gate, carried: true } }));
  throw new NextRun();
}
