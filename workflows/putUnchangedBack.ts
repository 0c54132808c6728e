import type { Book } from './book.ts';
import { countOf } from './contract/quantity.ts';
import { putBack } from './putBack.ts';
import type { PodEntry } from './state.ts';

/** Pods that were drained, and never changed, when their batch was stopped: nothing keeps them from serving. */
export async function putUnchangedBack(book: Book): Promise<void> {
  const { plan, batches } = book.state;
  const isDue = ({ state, outOfTraffic }: PodEntry): boolean =>
    outOfTraffic === true && (state === 'drain' || state === 'silence');
  const due = batches.flatMap(({ pods }) => pods.filter(isDue));
  if (plan === undefined || due.length === 0) return;
  const { failed } = await putBack(book, plan, 'put-back', due);
  const out = new Set(failed.map(({ pod }) => pod));
  const back = new Set(due.filter(({ name }) => !out.has(name)).map(({ uid }) => uid));
  const pod = (entry: PodEntry): PodEntry => {
    if (!back.has(entry.uid)) return entry;
    const { outOfTraffic: _, ...rest } = entry;
    return { ...rest, state: 'queued' };
  };
  book.set((state) => ({
    ...state,
    batches: state.batches.map((batch) => ({ ...batch, pods: batch.pods.map(pod) })),
  }));
  book.log(`Put back into traffic: ${countOf(back.size, 'pod')} that had not been changed yet.`);
}
