import type { Command } from 'commander';
import type { ExitCode } from '../../../workflows/contract/errors.ts';
import type { ReleaseSpec } from '../../../workflows/contract/spec.ts';
import type { Sluice } from '../../sdk/client.ts';
import type { Host } from '../host.ts';
import { type CommonFlags, withConnection, withOutput, withTarget } from '../options.ts';
import { type Session, withSluice } from '../session.ts';
import { specOf } from '../spec.ts';
import { type SpecFlags, withSpec } from '../specFlags.ts';
import { planLines } from '../view/plan.ts';

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

/** Also what `--dry-run` shows. */
export async function showPlan(session: Session, sluice: Sluice, spec: ReleaseSpec): Promise<ExitCode> {
  const plan = await sluice.plan(spec, { signal: session.signal });
  session.output.result(plan, (look) => planLines(plan, look, { wide: session.output.format === 'wide' }));
  return 0;
}
