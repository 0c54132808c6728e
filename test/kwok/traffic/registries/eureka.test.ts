import { describe } from 'vitest';
import { conforms } from '../../../registries/conformance.ts';
import { startEureka } from '../../../registries/eureka.ts';

const server = await startEureka();

describe.skipIf(server === undefined)('Eureka', () => {
  if (server !== undefined) conforms(server);
});
