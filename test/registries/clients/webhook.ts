import { port, type RegistryClients } from './client.ts';
import { fetching } from './followed.ts';

const pollMs = 1_000;

/** The platform of webhook.ts by its own API; its callers ask it every second. */
export function webhookClients(address: string): RegistryClients {
  const origin = (at: string): string => new URL(at).origin;
  return {
    caches: `ask the platform every ${pollMs / 1_000} s`,
    callersCache: '3s',
    registration(at, service) {
      const body = JSON.stringify({ service, pod: '{pod}', ip: '{ip}', port, metadata: { weight: '7' } });
      const post = (path: string) => ({ method: 'POST', url: `${origin(at)}/applications/${path}`, body });
      return { register: [post('register')], beat: [post('register')], leave: [post('leave')], everyMs: 1_000 };
    },
    follow: (service, tell, signal) =>
      fetching(
        async () => {
          const body = JSON.stringify({ service });
          const within = AbortSignal.timeout(2_000);
          const answer = await fetch(`${origin(address)}/callers/instances`, { method: 'POST', body, signal: within });
          tell(((await answer.json()) as { addresses: readonly string[] }).addresses);
        },
        pollMs,
        signal,
      ),
  };
}
