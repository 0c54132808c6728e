import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Sluice } from '../sdk/client.ts';
import { type CommandDefaults, commandFor } from './view/commands.ts';

/** The error for a command that names no workload: with the running releases as commands to choose from. */
export async function suggestWorkloads(sluice: Sluice, verb: string, defaults: CommandDefaults): Promise<SluiceError> {
  const running = await sluice.list({ running: true, limit: 5 });
  const commands = running.map(({ target }) => commandFor(verb, target, defaults));
  return new SluiceError('USAGE', 'No workload is named.', {
    next:
      commands.length === 0
        ? `Name it as kubectl does: \`sluice ${verb} deployment/checkout -n shop\`. No release is running now.`
        : `Running now:\n${commands.join('\n')}`,
    details: { running: running.map(({ id }) => id) },
  });
}
