import { port, type RegistryClients } from './client.ts';
import { fetching } from './followed.ts';

/** Of the server's lists; 30 s by default. */
export const serverCacheMs = 2_000;
/** eureka.client.registry-fetch-interval-seconds; 30 by default. */
const fetchMs = 3_000;
/** eureka.client.eureka-server-read-timeout-seconds. */
const readMs = 8_000;
/** spring.cloud.loadbalancer.cache.ttl; 35 s by default. */
const balancerMs = 2_000;

/**
 * As Netflix' client below Spring Cloud LoadBalancer: it fetches whatever is UP from one server and stays with that until it fails, then with the next
 * (RetryableEurekaHttpClient), and goes on with what it has where none answers. So it does not ask one that has just started and knows nobody yet. The
 * load balancer takes that list and keeps it for a time of its own. All three times are shorter than by default, and `callersCache` is their sum.
 */
export function eurekaClients(servers: readonly string[]): RegistryClients {
  const instances = async (server: string, service: string): Promise<readonly string[]> => {
    const answer = await fetch(`${server}/apps`, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(readMs),
    });
    if (!answer.ok) throw new Error(`Eureka: ${answer.status}`);
    const { applications } = (await answer.json()) as Fetched;
    const own = applications.application.find(({ name }) => name === service.toUpperCase());
    return (own?.instance ?? [])
      .filter(({ status }) => status === 'UP')
      .map(({ ipAddr, port: { $ } }) => `${ipAddr}:${$}`);
  };
  return {
    caches: `fetch every ${fetchMs / 1_000} s from servers whose lists are ${serverCacheMs / 1_000} s old, and keep that for ${balancerMs / 1_000} s`,
    callersCache: '8s',
    registration(at, service) {
      const app = service.toUpperCase();
      const id = `{pod}:${service}:${port}`;
      const instance = {
        instanceId: id,
        hostName: '{pod}',
        app,
        ipAddr: '{ip}',
        vipAddress: service,
        status: 'UP',
        port: { $: port, '@enabled': 'true' },
        dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
        metadata: { weight: '7' },
        lastDirtyTimestamp: '{started}',
      };
      const header = { 'content-type': 'application/json' };
      const own = `${at}/apps/${app}/${id}`;
      return {
        register: [{ method: 'POST', url: `${at}/apps/${app}`, header, body: JSON.stringify({ instance }) }],
        // A server that has something older answers 404: then it registers again.
        beat: [{ method: 'PUT', url: `${own}?status=UP&lastDirtyTimestamp={started}` }],
        leave: [{ method: 'DELETE', url: own }],
        everyMs: 3_000,
      };
    },
    async follow(service, tell, signal) {
      let known: readonly string[] = [];
      let at = 0;
      const fetched = async (): Promise<void> => {
        for (const _ of servers) {
          const found = await instances(servers[at % servers.length] ?? '', service).catch(() => undefined);
          if (found !== undefined) {
            known = found;
            return;
          }
          at += 1;
        }
      };
      await fetching(fetched, fetchMs, signal);
      await fetching(() => Promise.resolve(tell(known)), balancerMs, signal);
    },
  };
}

interface Fetched {
  readonly applications: {
    readonly application: readonly {
      readonly name: string;
      readonly instance: readonly {
        readonly ipAddr: string;
        readonly status: string;
        readonly port: { readonly $: number };
      }[];
    }[];
  };
}
