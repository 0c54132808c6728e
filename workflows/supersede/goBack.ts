import type { Book } from '../book.ts';
import { versionBefore } from '../contract/changeText.ts';
import type { Phase } from '../contract/status.ts';
import type { ReleaseInput } from '../contract/workflows.ts';
import type { Successor } from '../live.ts';
import { without } from '../state.ts';
import { freshSuccessor } from './carry.ts';
import { bow, ended, planAnew, successorInput } from './successor.ts';

/**
 * What takes the place of a release from which nothing can go on: callers and pods go back to the version before, then the
 * newer one begins as any release does. It is planned once more before that. Undefined where the rollback was asked for, or
 * no plan can be made any more: then the release goes on as before; `failed` where not all of it could be undone.
 */
export async function supersedeAfterGoingBack(
  book: Book,
  input: ReleaseInput,
  compensate: (book: Book) => Promise<void>,
): Promise<Successor | Phase | undefined> {
  const { superseding } = book.state;
  if ((await planAnew(book)) === undefined || superseding === undefined || book.state.rollback !== undefined) {
    return undefined;
  }
  book.set(ended);
  book.log(`Back to ${versionBefore(book.state.plan?.change)} first.`);
  await compensate(book);
  if (book.state.notUndone.length > 0 || book.state.rollback !== undefined) {
    book.set((state) => ({ ...without(state, 'superseding'), phase: 'rollingBack' }));
    return book.state.notUndone.length > 0 ? 'failed' : 'rolledBack';
  }
  await bow(book, input);
  const { text } = book.status;
  return {
    state: freshSuccessor(book.state, superseding, { run: book.identity.run, text, at: book.now }),
    input: successorInput(superseding),
  };
}
