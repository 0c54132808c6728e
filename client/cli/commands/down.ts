import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { localProgress } from '../localProgress.ts';
import { type OutputFlags, withOutput } from '../options.ts';
import { stackLines } from '../view/stack.ts';

interface Flags extends OutputFlags {
  readonly wipe?: boolean;
  readonly stateDir?: string;
}

/** `sluice down [--wipe]` */
export function registerDown(program: Command, host: Host): void {
  withOutput(program.command('down'))
    .description('stop what `sluice up` started; releases and pods are kept')
    .option('--wipe', 'forget everything: pods, releases, certificates')
    .option('--state-dir <path>', 'where the stack lives (default: $SLUICE_STATE_DIR, or ~/.local/state/sluice)')
    .action((flags: Flags) =>
      host.run(flags, async (session) => {
        const { down } = await import('../../../local/down.ts');
        const progress = localProgress(session);
        const report = await down(
          {
            ...(flags.wipe !== undefined && { wipe: flags.wipe }),
            ...(flags.stateDir !== undefined && { stateDir: flags.stateDir }),
          },
          progress.report,
        ).finally(progress.end);
        session.output.result(report, (look) =>
          flags.wipe === true
            ? [`${look.colours.green(look.glyphs.ok)} Nothing is left of the local stack in ${report.stateDir}.`]
            : stackLines(report, look, flags.stateDir),
        );
      }),
    );
}
