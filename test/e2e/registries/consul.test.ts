import { describe } from 'vitest';
import { consulClients } from '../../registries/clients/consul.ts';
import { startConsul } from '../../registries/consul.ts';
import { underLoad } from '../../registries/underLoad.ts';

const server = await startConsul();

describe.skipIf(server === undefined)('Consul', () => {
  if (server === undefined) return;
  underLoad(server, consulClients(server.address));
});
