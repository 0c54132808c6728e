import { type Command, Option } from 'commander';
import { type Phase, phases } from '../../../workflows/contract/status.ts';
import type { Host } from '../host.ts';
import { type CommonFlags, numberFlag, withConnection, withOutput } from '../options.ts';
import { withSluice } from '../session.ts';
import { listLines } from '../view/list.ts';

interface Flags extends CommonFlags {
  readonly namespace?: string;
  readonly cluster?: string;
  readonly app?: string;
  readonly phase?: Phase;
  readonly waiting?: boolean;
  readonly running?: boolean;
  readonly limit: number;
}

/** `sluice list [--running] [--waiting] [-n shop]` */
export function registerList(program: Command, host: Host): void {
  withConnection(withOutput(program.command('list').alias('ls')))
    .description('list releases, newest first')
    .option('-n, --namespace <name>', 'only this Kubernetes namespace (default: all)')
    .option('--cluster <name>', 'only this cluster (default: all)')
    .option('--app <name>', 'only this application')
    .addOption(new Option('--phase <phase>', 'only this phase').choices(phases))
    .option('--running', 'only releases that have not ended')
    .option('--waiting', 'only releases that wait for somebody')
    .option('--limit <number>', 'how many at most', numberFlag(1), 50)
    .action((flags: Flags) =>
      host.run(flags, (session) =>
        withSluice(session, flags, async (sluice) => {
          const releases = await sluice.list(flags);
          const people = !session.output.structured && releases.length === 0;
          if (people) session.output.note(() => ['No releases found. `sluice release --help` shows how to begin one.']);
          else
            session.output.result(releases, (look) =>
              listLines(releases, look, { wide: session.output.format === 'wide' }),
            );
        }),
      ),
    );
}
