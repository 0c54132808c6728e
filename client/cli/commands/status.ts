import type { Command } from 'commander';
import { exitOf, follow, staysUntilEnd } from '../follow.ts';
import type { Host } from '../host.ts';
import {
  type CommonFlags,
  type TargetFlags,
  targetOf,
  type WaitFlags,
  withConnection,
  withOutput,
  withTarget,
  withWaiting,
} from '../options.ts';
import { withSluice } from '../session.ts';
import { statusLines } from '../view/status.ts';
import { suggestWorkloads } from '../whichWorkload.ts';

type Flags = CommonFlags & TargetFlags & WaitFlags;

/** `sluice status deployment/checkout [--watch | --wait]` */
export function registerStatus(program: Command, host: Host): void {
  withConnection(withOutput(withWaiting(withTarget(program.command('status')))))
    .description('show a release: phase, gate, batches with their pods, log')
    .action((words: string[], flags: Flags) =>
      host.run(flags, (session) =>
        withSluice(session, flags, async (sluice) => {
          if (words.length === 0) throw await suggestWorkloads(sluice, 'status', session.defaults);
          const target = targetOf(words, flags, session.defaults.cluster);
          const stays = staysUntilEnd(flags);
          // A workload that never had a release is an error at once, not something to wait for.
          const first = await sluice.status(target);
          const status = stays ? await follow(session, sluice, target, flags, first.run) : first;
          if (!(flags.watch === true && !session.output.structured)) {
            session.output.result(status, (look) => statusLines(status, look, session.defaults));
          }
          return stays ? exitOf(status) : 0;
        }),
      ),
    );
}
