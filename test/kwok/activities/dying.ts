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
