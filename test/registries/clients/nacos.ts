import { port, type RegistryClients } from './client.ts';
import { fetching } from './followed.ts';

/** What the server says that a list may be used for (`cacheMillis`): Nacos and rnacos say 10 s. */
const pollMs = 10_000;

/**
 * As Nacos' own client without its push (1.x behind a NAT; 2.x is told over gRPC, at once): it asks every 10 s, and an empty list changes nothing
 * (namingPushEmptyProtection), as one sets it where a single server may forget everybody.
 */
export function nacosClients(address: string): RegistryClients {
  const { origin } = new URL(address);
  return {
    caches: `ask every ${pollMs / 1_000} s, and keep what they have when a list is empty`,
    callersCache: '12s',
    registration(at, service) {
      const base = `${new URL(at).origin}/nacos/v1/ns/instance`;
      const of = {
        serviceName: service,
        groupName: 'DEFAULT_GROUP',
        namespaceId: 'public',
        clusterName: 'DEFAULT',
        ip: '{ip}',
        port: String(port),
        ephemeral: 'true',
      };
      const metadata = { weight: '7' };
      const beat = {
        ip: '{ip}',
        port,
        cluster: 'DEFAULT',
        serviceName: `DEFAULT_GROUP@@${service}`,
        weight: 1,
        metadata,
      };
      const call = (method: string, path: string, query: Readonly<Record<string, string>>) => ({
        method,
        url: `${base}${path}?${new URLSearchParams(query).toString().replaceAll('%7Bip%7D', '{ip}')}`,
      });
      const own = { weight: '1', enabled: 'true', metadata: JSON.stringify(metadata) };
      return {
        register: [call('POST', '', { ...of, ...own })],
        beat: [{ ...call('PUT', '/beat', { ...of, beat: JSON.stringify(beat) }), expect: '10200' }],
        leave: [call('DELETE', '', of)],
        everyMs: 1_000,
      };
    },
    follow: (service, tell, signal) =>
      fetching(
        async () => {
          const query = `serviceName=${service}&groupName=DEFAULT_GROUP&namespaceId=public&healthyOnly=true`;
          const within = AbortSignal.timeout(3_000);
          const answer = await fetch(`${origin}/nacos/v1/ns/instance/list?${query}`, { signal: within });
          const { hosts } = (await answer.json()) as { hosts: readonly { ip: string; port: number }[] };
          if (hosts.length > 0) tell(hosts.map((host) => `${host.ip}:${host.port}`));
        },
        pollMs,
        signal,
      ),
  };
}
