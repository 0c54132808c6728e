import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { type CommonFlags, withConnection, withOutput, withTarget } from '../options.ts';
import { withSluice } from '../session.ts';
import { showPlan } from '../showPlan.ts';
import { specOf } from '../spec.ts';
import { type SpecFlags, withSpec } from '../specFlags.ts';

type Flags = CommonFlags & SpecFlags;

/** `sluice plan -f release.yaml`, or with flags: what a release would do. */
export function registerPlan(program: Command, host: Host): void {
  withConnection(withOutput(withSpec(withTarget(program.command('plan')))))
    .description('show what a release would do: pods, order, writes, warnings; touches nothing')
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const spec = await specOf(session, words, flags);
        return withSluice(session, flags, (sluice) => showPlan(session, sluice, spec));
      }),
    );
}
