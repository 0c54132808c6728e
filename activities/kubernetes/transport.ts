import { type Dispatcher, request } from 'undici';
import { fieldManager } from '../../workflows/contract/names.ts';
import type { createSlots } from '../slots.ts';
import type { Credentials } from './credentials.ts';
import { type Asked, answerFailure, networkFailure } from './kubernetesFailure.ts';

/** No answer takes longer: a slow admission webhook may take 30 s by itself. */
const answerTimeoutMs = 40_000;
/** A bookmark comes about once a minute: a watch that is silent for longer is dead. */
const watchSilenceMs = 90_000;

/** What all calls to one API server share. */
export interface Endpoint {
  readonly server: string;
  readonly credentials: Credentials;
  /** Requests sent, by `verb resource`. */
  readonly requests: Record<string, number>;
  /** Runs a call when there is room for it. */
  readonly slots: ReturnType<typeof createSlots>;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** Sends one request; answers with a 2xx response whose body is not read yet. `signal` ends reads, never a write. */
export async function send(
  endpoint: Endpoint,
  asked: Asked,
  call: Call,
  signal: AbortSignal | undefined,
  again = true,
): Promise<Dispatcher.ResponseData> {
  signal?.throwIfAborted();
  const counter = `${asked.verb} ${asked.resource}`;
  endpoint.requests[counter] = (endpoint.requests[counter] ?? 0) + 1;
  let response: Dispatcher.ResponseData;
  try {
    const { headers, dispatcher } = await endpoint.credentials.current();
    response = await request(`${endpoint.server}${call.path}${search(call.query)}`, {
      method: call.method,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': fieldManager,
        ...(call.body !== undefined && { 'content-type': call.contentType ?? 'application/json' }),
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
      ...(signal && call.method === 'GET' && { signal }),
      headersTimeout: answerTimeoutMs,
      bodyTimeout: asked.verb === 'watch' ? watchSilenceMs : answerTimeoutMs,
      ...(dispatcher && { dispatcher }),
    });
  } catch (error) {
    if (call.method === 'GET') signal?.throwIfAborted();
    throw networkFailure(asked, endpoint.server, error);
  }
  if (response.statusCode < 300) return response;
  const body = await response.body.text().catch(() => '');
  if (response.statusCode === 401 && again) {
    endpoint.credentials.expire();
    return send(endpoint, asked, call, signal, false);
  }
  const retryAfter = response.headers['retry-after'];
  throw answerFailure(asked, response.statusCode, body, Array.isArray(retryAfter) ? retryAfter[0] : retryAfter);
}

function search(query: Call['query'] = {}): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) parameters.set(key, value);
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
