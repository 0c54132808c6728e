import { afterAll, describe } from 'vitest';
import { startAgent } from '../../registries/agent.ts';
import { dubboClients, dubboProvider } from '../../registries/clients/dubbo.ts';
import { startDubbo } from '../../registries/dubbo.ts';
import { underLoad } from '../../registries/underLoad.ts';

const server = await startDubbo();
const agent = server && (await startAgent({ register: (registered) => dubboProvider(server.address, registered) }));

describe.skipIf(server === undefined)('Dubbo in ZooKeeper', () => {
  if (server === undefined || agent === undefined) return;
  afterAll(() => agent.close());
  underLoad(server, dubboClients(server.address, agent.address));
});
