import { describe, expect, it } from 'vitest';
import type { LivePod, TrafficDeps } from '../../../activities/ports.ts';
import { openRegistry } from '../../../activities/traffic/registries/index.ts';
import type { Stand } from '../../../activities/traffic/registries/registry.ts';
import { registrySchemas } from '../../../workflows/contract/registries.schema.ts';
import { eventually } from '../../kwok/activities/fixtures.ts';
import { eurekaClients, serverCacheMs } from '../../registries/clients/eureka.ts';
import { startEurekaPair } from '../../registries/eureka.ts';
import { underLoad } from '../../registries/underLoad.ts';

const pair = await startEurekaPair(serverCacheMs);

describe.skipIf(pair === undefined)('Eureka', () => {
  if (pair === undefined) return;

  it('callers of a peer that has heard of our place and not of who registered there are sent to that one', async () => {
    const service = 'peers';
    const one = { service, pod: 'a', ip: '10.0.0.7', port: 8080, metadata: { zone: 'a' } };
    const pod = { name: one.pod, uid: 'a', pod: { metadata: { name: one.pod }, status: { podIP: one.ip } } };
    const source = registrySchemas.eureka.parse(pair.server.source(pair.server.address, service));
    const { registry } = openRegistry(source, { signal: new AbortController().signal } as TrafficDeps);
    const standing = async (): Promise<Stand> =>
      eventually(async () => {
        const found = (await registry.look([pod as unknown as LivePod])).get(one.pod);
        return found?.is === 'there' && found.stand;
      });

    // Servers tell each other twice a second, and of the same kind of change only the last one.
    const heard = async (): Promise<true> => {
      expect(await pair.atPeer(one)).toEqual(await pair.server.instance(one));
      return true;
    };

    const user = await pair.server.register(one);
    await eventually(heard);
    const before = await standing();
    await registry.takeOut(before);
    await user.leave();
    await eventually(heard);
    await registry.hold?.(before, pod as unknown as LivePod);
    await eventually(heard);
    await pair.registerUnheard(one);
    await registry.putBack(await standing(), before);
    await eventually(heard, 20_000);
    expect(await pair.server.isCalled(one)).toBe(true);
  });

  underLoad(pair.server, eurekaClients(pair.addresses));
});
