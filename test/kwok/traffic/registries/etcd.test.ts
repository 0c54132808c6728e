import { describe } from 'vitest';
import { conforms } from '../../../registries/conformance.ts';
import { startEtcd } from '../../../registries/etcd.ts';

const server = await startEtcd();

describe('etcd', () => {
  conforms(server);
});
