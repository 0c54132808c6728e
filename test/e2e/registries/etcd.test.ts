import { describe } from 'vitest';
import { etcdClients } from '../../registries/clients/etcd.ts';
import { startEtcd } from '../../registries/etcd.ts';
import { underLoad } from '../../registries/underLoad.ts';

const server = await startEtcd();

describe('etcd', () => {
  underLoad(server, etcdClients(server.address));
});
