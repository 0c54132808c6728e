import { Agent, Pool, request } from 'undici';
import { endpointSlices } from '../../activities/kubernetes/resources.ts';
import type { Connection } from '../../activities/kubernetes/types.ts';

export interface LoadOptions {
  readonly kube: Connection;
  readonly namespace: string;
  readonly service: string;
  /** Requests a second. */
  readonly rate: number;
  /** Keep connections open between requests, one pool an endpoint, closed when the endpoint leaves the Service. */
  readonly keepAlive: boolean;
  /** Call this address instead of the endpoints: the ClusterIP, through kube-proxy. */
  readonly address?: string;
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
  const targets = new Targets(options.keepAlive);
  if (options.address === undefined) await followEndpoints(options, targets, abort.signal);
  else targets.set([options.address]);

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
      targets.set([]);
      return { sent, failed, versions };
    },
  };
}

/** Endpoints in turn, each with its own connections. */
class Targets {
  readonly #keepAlive: boolean;
  readonly #pools = new Map<string, Pool | Agent>();
  #addresses: readonly string[] = [];
  #turn = 0;

  constructor(keepAlive: boolean) {
    this.#keepAlive = keepAlive;
  }

  /** A pool whose endpoint has left finishes what is under way and closes its connections, as a caller's would. */
  set(addresses: readonly string[]): void {
    this.#addresses = addresses;
    for (const [address, pool] of this.#pools) {
      if (addresses.includes(address)) continue;
      this.#pools.delete(address);
      void pool.close();
    }
  }

  next(): { readonly address: string; readonly dispatcher: Pool | Agent } | undefined {
    this.#turn += 1;
    const address = this.#addresses[this.#turn % this.#addresses.length];
    if (address === undefined) return undefined;
    let dispatcher = this.#pools.get(address);
    if (dispatcher === undefined) {
      const options = { connections: 8, connect: { timeout: 5_000 } };
      dispatcher = this.#keepAlive ? new Pool(`http://${address}`, options) : new Agent({ ...options, pipelining: 0 });
      this.#pools.set(address, dispatcher);
    }
    return { address, dispatcher };
  }
}

async function followEndpoints(options: LoadOptions, targets: Targets, signal: AbortSignal): Promise<void> {
  const { namespace, service } = options;
  const kube = options.kube.with(signal);
  const where = { namespace, labelSelector: `kubernetes.io/service-name=${service}` };
  const slices = new Map<string, readonly string[]>();
  const publish = (): void => targets.set([...slices.values()].flat().toSorted());
  const { items, resourceVersion } = await kube.list(endpointSlices, where);
  for (const slice of items) slices.set(slice.metadata.name ?? '', addressesOf(slice));
  publish();
  const follow = async (): Promise<void> => {
    let from = resourceVersion;
    while (!signal.aborted) {
      for await (const event of kube.watch(endpointSlices, where, from)) {
        if (event.type === 'BOOKMARK') {
          from = event.resourceVersion;
          continue;
        }
        from = event.object.metadata.resourceVersion ?? from;
        const name = event.object.metadata.name ?? '';
        if (event.type === 'DELETED') slices.delete(name);
        else slices.set(name, addressesOf(event.object));
        publish();
      }
    }
  };
  follow().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

interface Slice {
  readonly ports?: readonly { readonly port?: number }[];
  /** Null where there is none. */
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: { readonly ready?: boolean };
      }[]
    | null;
}

const addressesOf = ({ endpoints, ports = [] }: Slice): readonly string[] =>
  (endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready !== false)
    .flatMap((endpoint) => endpoint.addresses.map((address) => `${address}:${ports[0]?.port ?? 80}`));
