/** A Service that sends callers to pods of the workload. */
export interface Callable {
  readonly name: string;
  /** UIDs of the pods that callers are sent to now, those that are being drained left out. */
  readonly ready: ReadonlySet<string>;
  /** UIDs of the living pods that it selects, ready or not. */
  readonly members: ReadonlySet<string>;
}

/**
 * - `go`: enough pods remain.
 * - `only`: it is the only pod of that Service; nobody could take over, so it goes, and people are told.
 * - `last`: the others are not ready; it must wait for one of them.
 */
export type Admission = { readonly kind: 'go' } | { readonly kind: 'only' | 'last'; readonly service: string };

/**
 * Which of the pods `uids` may be drained, in that order, such that no Service is left without a ready endpoint.
 * A pod to which a Service sends nobody now takes nothing away from it.
 */
export function admissions(uids: readonly string[], services: readonly Callable[]): ReadonlyMap<string, Admission> {
  const left = new Map(services.map(({ name, ready }) => [name, new Set(ready)]));
  const answer = new Map<string, Admission>();
  for (const uid of uids) {
    const lastIn = services.filter(({ name }) => left.get(name)?.has(uid) === true && left.get(name)?.size === 1);
    const waits = lastIn.find(({ members }) => members.size > 1);
    if (waits !== undefined) {
      answer.set(uid, { kind: 'last', service: waits.name });
      continue;
    }
    for (const ready of left.values()) ready.delete(uid);
    const [only] = lastIn;
    answer.set(uid, only === undefined ? { kind: 'go' } : { kind: 'only', service: only.name });
  }
  return answer;
}
