import type { Command } from 'commander';
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
    .action((words: string[], flags: Flags) => host.run(flags, (session) => showPlan(session, words, flags)));
}

/** Also `sluice release --dry-run`. */
export async function showPlan(session: Session, words: readonly string[], flags: Flags): Promise<void> {
  const spec = await specOf(session, words, flags);
  await withSluice(session, flags, async (sluice) => {
    const plan = await sluice.plan(spec, { signal: session.signal });
    session.output.result(plan, (look) => planLines(plan, look, { wide: session.output.format === 'wide' }));
  });
}
