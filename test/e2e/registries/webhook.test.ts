import { describe } from 'vitest';
import { webhookClients } from '../../registries/clients/webhook.ts';
import { underLoad } from '../../registries/underLoad.ts';
import { startWebhook } from '../../registries/webhook.ts';

const server = await startWebhook();

describe('a platform of our own, by webhook', () => {
  underLoad(server, webhookClients(server.address));
});
