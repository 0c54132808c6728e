import { describe } from 'vitest';
import { conforms } from '../../../registries/conformance.ts';
import { startWebhook } from '../../../registries/webhook.ts';

const server = await startWebhook();

describe('a platform of our own, by webhook', () => {
  conforms(server);
});
