import { describe } from 'vitest';
import { nacosClients } from '../../registries/clients/nacos.ts';
import { startNacos } from '../../registries/nacos.ts';
import { underLoad } from '../../registries/underLoad.ts';

const server = await startNacos();

describe.skipIf(server === undefined)('Nacos', () => {
  if (server === undefined) return;
  underLoad(server, nacosClients(server.address));
});
