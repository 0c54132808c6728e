import { subscribe } from 'node:diagnostics_channel';

/** Requests that this process has sent to an API server, by kind. `execs` are looks into pods. */
export interface Requests {
  readonly writes: number;
  readonly dryRuns: number;
  readonly gets: number;
  readonly lists: number;
  readonly watches: number;
  readonly execs: number;
}

export const noRequests: Requests = { writes: 0, dryRuns: 0, gets: 0, lists: 0, watches: 0, execs: 0 };

/**
 * Counts from now on, on the wire: what undici and Node's http client announce when a request is sent, tries that
 * failed among them. The function answers the counts so far.
 */
export function countRequests(): () => Requests {
  const counts: { -readonly [Kind in keyof Requests]: number } = { ...noRequests };
  const saw = (method: string, path: string): void => {
    const kind = kindOf(method, path);
    if (kind !== undefined) counts[kind] += 1;
  };
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { method: string; path: string } };
    saw(request.method, request.path);
  });
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: { method: string; path: string } };
    saw(request.method, request.path);
  });
  return () => ({ ...counts });
}

/** Undefined for what is not the Kubernetes API (an image registry). */
function kindOf(method: string, target: string): keyof Requests | undefined {
  const url = new URL(target, 'http://api');
  const path = url.pathname.split('/').filter((part) => part !== '');
  if (path[0] !== 'api' && path[0] !== 'apis') return undefined;
  if (path.at(-1) === 'exec') return 'execs';
  // A question, whatever its method.
  if (path.at(-1)?.endsWith('accessreviews') === true) return 'gets';
  if (method !== 'GET') return url.searchParams.has('dryRun') ? 'dryRuns' : 'writes';
  if (url.searchParams.has('watch')) return 'watches';
  // After the group and version, and the namespace: the plural alone is a list.
  const rest = path.slice(path[0] === 'api' ? 2 : 3);
  const own = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  return own.length === 1 ? 'lists' : 'gets';
}

export function difference(after: Requests, before: Requests): Requests {
  return {
    writes: after.writes - before.writes,
    dryRuns: after.dryRuns - before.dryRuns,
    gets: after.gets - before.gets,
    lists: after.lists - before.lists,
    watches: after.watches - before.watches,
    execs: after.execs - before.execs,
  };
}
