import { type Command, Option } from 'commander';
import { type RuntimeName, runtimeNames } from '../../../local/types.ts';
import type { Host } from '../host.ts';
import { localProgress } from '../localProgress.ts';
import { numberFlag, type OutputFlags, repeatFlag, withOutput } from '../options.ts';
import { portsOf } from '../ports.ts';
import { stackLines } from '../view/stack.ts';

interface Flags extends OutputFlags {
  readonly runtime?: RuntimeName;
  readonly nodes?: number;
  readonly port?: readonly string[];
  readonly stateDir?: string;
}

/** `sluice up`: Temporal and Kubernetes on this machine. */
export function registerUp(program: Command, host: Host): void {
  withOutput(program.command('up'))
    .description('start Temporal and Kubernetes on this machine, or what is missing of them')
    .addOption(
      new Option('--runtime <name>', 'what runs the pods: kwok plays them, containerd runs them (root, Linux)').choices(
        runtimeNames,
      ),
    )
    .option('--nodes <number>', 'nodes of the kwok fleet (default: 3, or as before)', numberFlag(1))
    .option(
      '--port <name=number>',
      'use exactly this port, such as temporal=7233 or temporalUi=8233; can be repeated',
      repeatFlag,
    )
    .option('--state-dir <path>', 'where the stack lives (default: $SLUICE_STATE_DIR, or ~/.local/state/sluice)')
    .action((flags: Flags) =>
      host.run(flags, async (session) => {
        const { output, signal } = session;
        const ports = portsOf(flags.port ?? []);
        const [{ up }, { inspect }, { reviveCompanions }] = await Promise.all([
          import('../../../local/up.ts'),
          import('../../../local/inspect.ts'),
          import('../../../local/companion.ts'),
        ]);
        const progress = localProgress(session);
        const place = flags.stateDir === undefined ? {} : { stateDir: flags.stateDir };
        try {
          await up(
            {
              ...place,
              signal,
              ...(flags.runtime !== undefined && { runtime: flags.runtime }),
              ...(flags.nodes !== undefined && { nodes: flags.nodes }),
              ...(ports !== undefined && { ports }),
            },
            progress.report,
          );
          await reviveCompanions({ ...place, signal, report: progress.report });
        } finally {
          progress.end();
        }
        const report = await inspect(place);
        output.result(report, (look) => stackLines(report, look, flags.stateDir));
        return report.state === 'up' ? 0 : 6;
      }),
    );
}
