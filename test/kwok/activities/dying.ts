import type { Connection } from '../../../activities/kubernetes/types.ts';

/** The connection of a worker that dies right after its `count`th write was done. `died` says whether it came so far. */
export function dyingAfter(kube: Connection, count: number): Connection & { readonly died: () => boolean } {
  let left = count;
  const dying = async <T>(write: Promise<T>): Promise<T> => {
    if (left <= 0) throw new Error('dead');
    const answer = await write;
    left -= 1;
    if (left === 0) throw new Error('killed after a write');
    return answer;
  };
  const wrap = (inner: Connection): Connection => ({
    ...inner,
    patch: (resource, at, body, options) => dying(inner.patch(resource, at, body, options)),
    create: (resource, body, where, options) => {
      const answer = inner.create(resource, body, where, options);
      return options?.dryRun ? answer : dying(answer);
    },
    remove: (resource, at, options) => dying(inner.remove(resource, at, options)),
    with: (signal) => wrap(inner.with(signal)),
  });
  return { ...wrap(kube), died: () => left <= 0 };
}

const atOnce = 4;

/**
 * Runs `story`, whose worker dies after so many writes, with 1, 2, 3, … until one lives. Four at a time: they mostly wait, and
 * each has a workload of its own. `story` answers whether its worker died.
 * @returns how many writes there are
 */
export async function afterEachWrite(story: (count: number) => Promise<boolean>): Promise<number> {
  for (let first = 1; ; first += atOnce) {
    const counts = Array.from({ length: atOnce }, (_, index) => first + index);
    // All of them to their end: none shall run on into the next test.
    const ends = await Promise.allSettled(counts.map(story));
    const died = ends.map((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value;
    });
    if (died.includes(false)) return first + died.indexOf(false) - 1;
  }
}
