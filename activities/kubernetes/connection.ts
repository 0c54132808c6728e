import { setMaxListeners } from 'node:events';
import type { KubeConfig } from '@kubernetes/client-node';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { fieldManager } from '../../workflows/contract/names.ts';
import { createSlots } from '../slots.ts';
import { createCredentials } from './credentials.ts';
import { decode } from './decode.ts';
import { type Asked, networkFailure, undefinedIfMissing } from './kubernetesFailure.ts';
import type { Resource } from './resources.ts';
import { type Call, type Endpoint, send } from './transport.ts';
import type { At, Connection, ListOf, Where, WriteOptions } from './types.ts';
import { watchEvents } from './watchEvents.ts';

const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;

/**
 * Calls under way at once, watches aside. Each needs a connection of its own (HTTP/1.1), and a TLS handshake where there
 * is none to be had: many releases that begin together would open a thousand, and neither side would get to the work.
 */
const concurrency = 64;

/** One connection to the cluster that `config` names; see {@link Connection}. Nothing is sent yet. */
export function connect(config: KubeConfig): Connection {
  const server = config.getCurrentCluster()?.server.replace(/\/+$/, '');
  if (!server) throw noCluster(config);
  const slots = createSlots(concurrency);
  return connectionOf(config, { server, credentials: createCredentials(config, server), requests: {}, slots });
}

function connectionOf(config: KubeConfig, endpoint: Endpoint, signal?: AbortSignal): Connection {
  const answer = <T>(asked: Asked, call: Call): Promise<T> => endpoint.slots(() => exchange<T>(asked, call));
  const exchange = async <T>(asked: Asked, call: Call): Promise<T> => {
    const response = await send(endpoint, asked, call, signal);
    let text: string;
    try {
      text = await response.body.text();
    } catch (error) {
      if (call.method === 'GET') signal?.throwIfAborted();
      throw networkFailure(asked, endpoint.server, error);
    }
    return decode<T>(text);
  };
  const get: Connection['get'] = (resource, at) =>
    answer(askedOf('get', resource, at), { method: 'GET', path: pathOf(resource, at) });
  return {
    get,
    find: (resource, at) => get(resource, at).catch(undefinedIfMissing),
    async list<T>(resource: Resource<T>, where: Where) {
      const { items, metadata } = await answer<{ items: readonly T[]; metadata: { resourceVersion: string } }>(
        askedOf('list', resource, where),
        { method: 'GET', path: pathOf(resource, where), query: queryOf(where) },
      );
      return { items, resourceVersion: metadata.resourceVersion } satisfies ListOf<T>;
    },
    patch: (resource, at, body, options) =>
      answer(askedOf('patch', resource, at), {
        method: 'PATCH',
        path: pathOf(resource, at),
        query: {
          fieldManager,
          ...validationOf(options),
        },
        body,
        contentType: patchTypes[options.as],
      }),
    create: (resource, body, where, options = {}) =>
      answer(askedOf('create', resource, where), {
        method: 'POST',
        path: pathOf(resource, where),
        query: { fieldManager, ...validationOf(options) },
        body,
      }),
    async remove(resource, at, { uid } = {}) {
      const body = { propagationPolicy: 'Background', ...(uid !== undefined && { preconditions: { uid } }) };
      const call: Call = { method: 'DELETE', path: pathOf(resource, at), body };
      await answer(askedOf('delete', resource, at), call).catch(undefinedIfMissing);
    },
    async *watch(resource, where, resourceVersion) {
      const asked = askedOf('watch', resource, where);
      const query = {
        ...queryOf(where),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion,
        // The server ends it after this; somewhat random so that many watches do not begin anew at once.
        timeoutSeconds: String(240 + Math.floor(Math.random() * 60)),
      };
      const response = await send(endpoint, asked, { method: 'GET', path: pathOf(resource, where), query }, signal);
      yield* watchEvents(asked, endpoint.server, response.body, signal);
    },
    with: (narrower) => {
      const both = signal ? AbortSignal.any([signal, narrower]) : narrower;
      // Each read listens to it, and many are under way at once; Node would take that for a leak.
      setMaxListeners(0, both);
      return connectionOf(config, endpoint, both);
    },
    config,
    requests: endpoint.requests,
    close: () => endpoint.credentials.close(),
  };
}

const askedOf = (verb: string, resource: Resource<unknown>, where: Partial<At>): Asked => ({
  verb,
  resource: resource.name,
  at: [where.namespace, where.name].filter(Boolean).join('/'),
  missing: resource.missing,
});

function pathOf(resource: Resource<unknown>, at: Partial<At>): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const [plural, subresource] = resource.name.split('/');
  const parts = [
    root,
    resource.namespaced && at.namespace !== undefined && `namespaces/${encodeURIComponent(at.namespace)}`,
    plural,
    at.name !== undefined && encodeURIComponent(at.name),
    subresource,
  ];
  return parts.filter(Boolean).join('/');
}

const validationOf = ({ dryRun, strict }: WriteOptions) => ({
  dryRun: dryRun ? 'All' : undefined,
  fieldValidation: strict ? 'Strict' : undefined,
});

const queryOf = ({ labelSelector, fieldSelector }: Where) => ({ labelSelector, fieldSelector });

function noCluster(config: KubeConfig): SluiceError {
  const there = config.getContexts().map(({ name }) => name);
  const current = config.getCurrentContext();
  const why = current ? `names no cluster for its context "${current}"` : 'has no current context';
  return new SluiceError('CLUSTER_UNREACHABLE', `The kubeconfig ${why}; it has: ${there.join(', ') || 'none'}.`, {
    next: 'Choose one with `kubectl config use-context <name>`, or with --context.',
    details: { contexts: there },
  });
}
