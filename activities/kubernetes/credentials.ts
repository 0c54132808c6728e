import type { RequestOptions } from 'node:https';
import { HttpMethod, type KubeConfig, RequestContext } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';

/** How long headers and TLS material are used before the kubeconfig is asked again; tokens in files rotate hourly. */
const lifetimeMs = 60_000;

/**
 * A connection that nobody uses is kept for so long: a TLS handshake costs as much as several requests, and undici's
 * own 4 s pass between two handfuls. API servers and load balancers close idle ones after a minute or more.
 */
const keepAliveMs = 30_000;

interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined for plain HTTP: undici's global one serves. */
  readonly dispatcher: Dispatcher | undefined;
  /** What the dispatcher was made from. */
  readonly tls?: string;
}

export interface Credentials {
  current(): Promise<Credential>;
  /** After a 401: ask anew before the next call. */
  expire(): void;
  close(): Promise<void>;
}

/**
 * The login of `config` (certificate, token, exec plugin, OIDC, proxy), kept for a minute, its connections for as long
 * as the certificates stay. The client's own way asks the kubeconfig for every call, and opens a new connection each
 * time because every answer has an Agent of its own.
 */
export function createCredentials(config: KubeConfig, server: string): Credentials {
  let kept: { credential: Promise<Credential>; until: number } | undefined;
  return {
    current() {
      if (kept && Date.now() < kept.until) return kept.credential;
      const credential = renew(config, server, kept?.credential);
      const mine = { credential, until: Date.now() + lifetimeMs };
      kept = mine;
      credential.catch(() => {
        if (kept === mine) kept = undefined;
      });
      return credential;
    },
    expire() {
      if (kept) kept.until = 0;
    },
    async close() {
      const last = kept;
      kept = undefined;
      await last?.credential.then(({ dispatcher }) => dispatcher?.destroy()).catch(() => undefined);
    },
  };
}

async function renew(config: KubeConfig, server: string, last: Promise<Credential> | undefined): Promise<Credential> {
  const before = await last?.catch(() => undefined);
  const after = await ask(config, server, before);
  // A graceful close waits for calls under way; a watch keeps its connection until it ends by itself.
  if (before?.dispatcher !== after.dispatcher) void before?.dispatcher?.close().catch(() => undefined);
  return after;
}

async function ask(config: KubeConfig, server: string, before: Credential | undefined): Promise<Credential> {
  // Through a proxy, and without TLS, the library knows the way and the rules.
  if (config.getCurrentCluster()?.proxyUrl !== undefined || !server.startsWith('https:')) {
    const context = new RequestContext(server, HttpMethod.GET);
    await config.applySecurityAuthentication(context);
    return { headers: context.getHeaders(), dispatcher: context.getDispatcher() };
  }
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
  if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
  const given = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
  const connect = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const tls = JSON.stringify(connect);
  if (before?.tls === tls) return { ...before, headers };
  return { headers, tls, dispatcher: new Agent({ connect, keepAliveTimeout: keepAliveMs }) };
}
