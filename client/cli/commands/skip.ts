import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { type SayFlags, say, withSaying } from '../say.ts';

interface Flags extends SayFlags {
  readonly to: string;
}

/** `sluice skip deployment/checkout --to batch-3`: all batches up to that one in one go. */
export function registerSkip(program: Command, host: Host): void {
  withSaying(program.command('skip'))
    .description(
      'upgrade several batches, or take several steps of a canary, in one go, without the gates between them',
    )
    .requiredOption('--to <batch>', 'the batch or step to go to, such as batch-3 or canary-3; its own gate stays')
    .action((words: string[], flags: Flags) =>
      say(host, 'skipTo', words, flags, async (said, sluice, target) => ({
        ...said,
        run: (await sluice.status(target)).run,
        batch: flags.to,
      })),
    );
}
