import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** What stands before a registry in tests, so that it can be slow, away or unwilling, and that its calls are seen. */
export interface Front {
  /** The address of the registry as it is called through here. */
  readonly address: string;
  /** The calls that change something, in their order, as the registry tells them. */
  readonly writes: string[];
  /** When each call of any kind came, ms. */
  readonly calls: number[];
  /** From now on: every call takes so long; is refused with that status, or unless it has that header; or finds nobody (`down`). */
  be(mood: Mood): void;
  close(): Promise<void>;
}

export interface Call {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

export type Mood =
  | { readonly slowMs: number }
  /** `retryAfter`: what it says besides, s. */
  | { readonly status: number; readonly retryAfter?: number }
  | { readonly authorization: string }
  /** Happens just before the next write. */
  | { readonly before: () => Promise<void> }
  | 'down'
  | 'well';

/** `tls`: its certificate and key, where it is called by https. */
export async function frontOf(
  { address, write }: { readonly address: string; write(this: void, call: Call): string | undefined },
  tls?: { readonly cert: Buffer; readonly key: Buffer },
): Promise<Front> {
  const { origin, pathname } = new URL(address);
  const writes: string[] = [];
  const calls: number[] = [];
  let mood: Mood = 'well';
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    calls.push(Date.now());
    if (mood === 'down') return void request.socket.destroy();
    if (typeof mood === 'object' && 'status' in mood) {
      const { status, retryAfter } = mood;
      const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
      return void response.writeHead(status, headers).end('not now');
    }
    if (typeof mood === 'object' && 'slowMs' in mood) await sleep(mood.slowMs);
    if (typeof mood === 'object' && 'authorization' in mood && request.headers.authorization !== mood.authorization)
      return void response.writeHead(401).end('who are you?');
    const { method = 'GET', url = '/' } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const written = write({ method, url, body: body.toString() });
    if (written !== undefined) writes.push(written);
    if (written !== undefined && typeof mood === 'object' && 'before' in mood) {
      const { before } = mood;
      mood = 'well';
      await before();
    }
    const { host: _, connection: _hop, 'content-length': _length, ...headers } = request.headers;
    const answer = await fetch(`${origin}${url}`, {
      method,
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && { body }),
    });
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    pass(request, response).catch(() => response.destroy());
  };
  const server: Server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  const port = typeof at === 'object' && at ? at.port : 0;
  return {
    address: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}${pathname}`,
    writes,
    calls,
    be: (now) => {
      mood = now;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
