import type { Command } from 'commander';
import { exitOf, follow, staysUntilEnd } from '../follow.ts';
import type { Host } from '../host.ts';
import { namedTarget } from '../namedTarget.ts';
import {
  type CommonFlags,
  type TargetFlags,
  type WaitFlags,
  withConnection,
  withOutput,
  withTarget,
  withWaiting,
} from '../options.ts';
import { withSluice } from '../session.ts';
import { statusLines } from '../view/status.ts';

type Flags = CommonFlags & TargetFlags & WaitFlags;

/** `sluice status deployment/checkout [--watch | --wait]` */
export function registerStatus(program: Command, host: Host): void {
  withConnection(withOutput(withWaiting(withTarget(program.command('status')))))
    .description('show a release: phase, gate, batches with their pods, log')
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const { output, defaults } = session;
        const target = await namedTarget(session, 'status', words, flags);
        const stays = staysUntilEnd(flags);
        return withSluice(session, flags, async (sluice) => {
          // A workload that never had a release is an error at once, not something to wait for.
          const first = await sluice.status(target);
          const status = stays ? await follow(session, sluice, target, { ...flags, run: first.run }) : first;
          if (flags.watch !== true || output.structured)
            output.result(status, (look) => statusLines(status, look, { ...defaults, wide: output.format === 'wide' }));
          return stays ? exitOf(status) : 0;
        });
      }),
    );
}
