import { HttpMethod, type KubeConfig, RequestContext } from '@kubernetes/client-node';
import type { Dispatcher } from 'undici';

/** How long headers and TLS material are used before the kubeconfig is asked again; tokens in files rotate hourly. */
const lifetimeMs = 60_000;

interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined for plain HTTP: undici's global one serves. */
  readonly dispatcher: Dispatcher | undefined;
}

export interface Credentials {
  current(): Promise<Credential>;
  /** After a 401: ask anew before the next call. */
  expire(): void;
  close(): Promise<void>;
}

/**
 * The login of `config` (certificate, token, exec plugin, OIDC, proxy), kept for a minute. The client's own way asks
 * the kubeconfig for every call, and opens a new connection each time because every answer has an Agent of its own.
 */
export function createCredentials(config: KubeConfig, server: string): Credentials {
  let kept: { credential: Promise<Credential>; until: number } | undefined;
  const retire = (credential: Promise<Credential>) =>
    // A graceful close waits for calls under way; a watch keeps its connection until it ends by itself.
    void credential.then(({ dispatcher }) => dispatcher?.close()).catch(() => undefined);
  return {
    current() {
      if (kept && Date.now() < kept.until) return kept.credential;
      if (kept) retire(kept.credential);
      const credential = ask(config, server);
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

async function ask(config: KubeConfig, server: string): Promise<Credential> {
  const context = new RequestContext(server, HttpMethod.GET);
  await config.applySecurityAuthentication(context);
  return { headers: context.getHeaders(), dispatcher: context.getDispatcher() };
}
