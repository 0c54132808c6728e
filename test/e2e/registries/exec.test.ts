import { describe } from 'vitest';
import { webhookClients } from '../../registries/clients/webhook.ts';
import { startExec } from '../../registries/exec.ts';
import { underLoad } from '../../registries/underLoad.ts';

const server = await startExec();

describe("a platform of our own, by the application's own commands", () => {
  underLoad(server, webhookClients(server.address));
});
