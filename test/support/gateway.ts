import { setTimeout as sleep } from 'node:timers/promises';
import type { Front } from './fronts.ts';
import { type Callee, type Followed, followEndpoints, Targets } from './targets.ts';

/** How old the route may be by which callers are sent: real gateways take about as long. */
const pollMs = 200;

export interface RouteLoad extends Omit<Followed, 'service'> {
  /** What stands in front of the Service of this name. */
  readonly route: { readonly front: Front; readonly name: string };
  readonly keepAlive: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A stand-in for a gateway, as there is none on this machine: it polls what stands in front of a Service from the API server, goes by
 * the rule that fits, and picks a backend by weight, blindly: one without an endpoint is a failed request. A
 * backend that is not called any more has its connections closed, when what is under way is finished.
 */
export async function followRoute(options: RouteLoad, signal: AbortSignal) {
  const { kube, namespace, route, keepAlive, headers = {} } = options;
  const backends = new Map<string, { readonly targets: Targets; readonly stop: AbortController }>();
  let weights: readonly { readonly name: string; readonly weight: number }[] = [];

  const look = async (): Promise<void> => {
    const refs = await route.front.backends({ kube, namespace }, route.name, headers);
    const next = refs.map(({ name, weight = 1 }) => ({ name, weight })).filter(({ weight }) => weight > 0);
    for (const { name } of next) {
      if (backends.has(name)) continue;
      const backend = { targets: new Targets(keepAlive), stop: new AbortController() };
      await followEndpoints({ kube, namespace, service: name }, backend.targets, backend.stop.signal);
      backends.set(name, backend);
    }
    weights = next;
    for (const [name, { targets, stop }] of backends) {
      if (next.some((one) => one.name === name)) continue;
      backends.delete(name);
      stop.abort();
      targets.set([]);
    }
  };
  await look();
  const polling = (async () => {
    while (!signal.aborted) {
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await look();
    }
  })();
  polling.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });

  return {
    next: (): Callee | undefined => {
      let left = Math.random() * weights.reduce((sum, { weight }) => sum + weight, 0);
      const chosen = weights.find(({ weight }) => (left -= weight) < 0);
      return chosen && backends.get(chosen.name)?.targets.next();
    },
    close: (): void => {
      for (const { targets, stop } of backends.values()) {
        stop.abort();
        targets.set([]);
      }
    },
  };
}
