import { setTimeout as sleep } from 'node:timers/promises';
import { port, type RegistryClients } from './client.ts';

/**
 * An agent's service with a TTL check, and callers by blocking query (consul-template, the resolvers for gRPC): they hear at once. They ask for
 * `consistent`: else a single server that has just started may say that there is nobody, before it has read its own log.
 */
export function consulClients(address: string): RegistryClients {
  return {
    caches: 'hold a blocking query open, and hear at once',
    callersCache: '2s',
    registration(at, service) {
      const id = `${service}-{pod}-${port}`;
      const put = (path: string, body: object = {}) => ({
        method: 'PUT',
        url: `${at}/v1/agent/${path}`,
        body: JSON.stringify(body),
      });
      const definition = { ID: id, Name: service, Address: '{ip}', Port: port, Meta: { weight: '7' } };
      return {
        register: [put('service/register', { ...definition, Check: { TTL: '10s', Status: 'passing' } })],
        beat: [put(`check/pass/service:${id}`)],
        leave: [put(`service/deregister/${id}`)],
        everyMs: 1_000,
      };
    },
    async follow(service, tell, signal) {
      let index = '0';
      const once = async (): Promise<void> => {
        const query = `passing=true&consistent=&wait=10s&index=${index}`;
        const answer = await fetch(`${address}/v1/health/service/${service}?${query}`, { signal });
        if (!answer.ok) throw new Error(`Consul: ${answer.status}`);
        const entries = (await answer.json()) as { Service: { Address: string; Port: number } }[];
        // It began to count anew where it is less than before.
        const next = answer.headers.get('x-consul-index') ?? '0';
        index = Number(next) < Number(index) ? '0' : next;
        tell(entries.map(({ Service }) => `${Service.Address}:${Service.Port}`));
      };
      await once();
      void (async () => {
        while (!signal.aborted) await once().catch(() => sleep(500, undefined, { signal }).catch(() => undefined));
      })();
    },
  };
}
