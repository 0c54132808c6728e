import { request } from 'undici';
import type { Connection } from '../../activities/kubernetes/types.ts';
import { followRoute, type RouteLoad } from './gateway.ts';
import { type Callee, followEndpoints, Targets } from './targets.ts';

export interface LoadOptions {
  readonly kube: Connection;
  readonly namespace: string;
  readonly service: string;
  /** Finds its targets so instead: in a service registry, say. Resolves when it knows the first ones. */
  readonly follow?: (targets: Targets, signal: AbortSignal) => Promise<void>;
  /** Requests a second. */
  readonly rate: number;
  /** Keep connections open between requests, one pool an endpoint, closed when the endpoint leaves the Service. */
  readonly keepAlive: boolean;
  /** Call this address instead of the endpoints: the ClusterIP, through kube-proxy. */
  readonly address?: string;
  /** Come by a route instead, through the stand-in for a gateway; `service` does not count then. */
  readonly route?: RouteLoad['route'];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LoadResult {
  readonly sent: number;
  /** One line each: when, which endpoint, what went wrong. */
  readonly failed: readonly string[];
  /** Answers by version of the sample. */
  readonly versions: Readonly<Record<string, number>>;
}

/**
 * An honest caller: finds its targets in the Service's EndpointSlices (or calls its ClusterIP), calls them in turn at a
 * constant rate, and never tries again. Whatever fails is counted.
 */
export async function startLoad(options: LoadOptions): Promise<{ stop(): Promise<LoadResult>; sent(): number }> {
  const abort = new AbortController();
  const targets = await targetsOf(options, abort.signal);

  const versions: Record<string, number> = {};
  const failed: string[] = [];
  const pending = new Set<Promise<void>>();
  let sent = 0;
  const call = async (): Promise<void> => {
    const at = new Date().toISOString();
    const target = targets.next();
    sent += 1;
    if (target === undefined) {
      failed.push(`${at} no endpoint`);
      return;
    }
    try {
      const { statusCode, body } = await request(`http://${target.address}/`, {
        dispatcher: target.dispatcher,
        ...(options.headers && { headers: options.headers }),
        headersTimeout: 5_000,
        bodyTimeout: 5_000,
      });
      const answer = (await body.json()) as { version?: string };
      if (statusCode !== 200) failed.push(`${at} ${target.address} HTTP ${statusCode}`);
      versions[answer.version ?? '?'] = (versions[answer.version ?? '?'] ?? 0) + 1;
    } catch (error) {
      failed.push(
        `${at} ${target.address} ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`,
      );
    }
  };
  const timer = setInterval(() => {
    const one: Promise<void> = call().finally(() => pending.delete(one));
    pending.add(one);
  }, 1000 / options.rate);
  return {
    sent: () => sent,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(pending);
      abort.abort();
      targets.close();
      return { sent, failed, versions };
    },
  };
}

async function targetsOf(
  options: LoadOptions,
  signal: AbortSignal,
): Promise<{ next(): Callee | undefined; close(): void }> {
  const { route, address, follow } = options;
  if (route !== undefined) return followRoute({ ...options, route }, signal);
  const targets = new Targets(options.keepAlive);
  if (follow !== undefined) await follow(targets, signal);
  else if (address === undefined) await followEndpoints(options, targets, signal);
  else targets.set([address]);
  return { next: () => targets.next(), close: () => targets.set([]) };
}
