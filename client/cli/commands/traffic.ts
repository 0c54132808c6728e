import type { Command } from 'commander';
import type { TrafficSource } from '../../../workflows/contract/spec.ts';
import type { DrainFlags } from '../drainFlags.ts';
import { drainSpecOf } from '../drainSpec.ts';
import type { Host } from '../host.ts';
import { namedTarget } from '../namedTarget.ts';
import { type CommonFlags, listFlag, type TargetFlags, withConnection, withOutput, withTarget } from '../options.ts';
import { withSluice } from '../session.ts';
import { throughOf } from '../specFlags.ts';
import { trafficLines } from '../view/traffic.ts';

type Flags = CommonFlags & TargetFlags & Pick<DrainFlags, 'file' | 'service' | 'readinessGate'>;

/** `sluice traffic deployment/checkout` */
export function registerTraffic(program: Command, host: Host): void {
  withConnection(withOutput(withTarget(program.command('traffic'))))
    .description(
      'show which pods are in traffic and which are out, in every place where callers look, and who took them out',
    )
    .option('--service <name>', 'look at this Service too; can be repeated', listFlag)
    .option('--readiness-gate <type>', 'look at this readiness gate too', listFlag)
    .option('-f, --file <path>', 'a drain spec with the service registries (default: as the last release)')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  sluice traffic deployment/checkout -n shop',
        '  sluice traffic deployment/checkout -n shop -f drain.yaml -o json',
      ].join('\n'),
    )
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const target = await namedTarget(session, 'traffic', words, flags);
        return withSluice(session, flags, async (sluice) => {
          const named = throughOf(flags) as readonly TrafficSource[] | undefined;
          const nobody = { from: 'the command', path: ['drain', 'pods'], value: [] };
          const through =
            flags.file === undefined
              ? named
              : (await drainSpecOf(session, sluice, target, flags, [nobody])).traffic.through;
          const { signal, output, defaults } = session;
          const view = await sluice.traffic(target, { signal, ...(through && { through }) });
          output.result(view, (look) => trafficLines(view, look, { ...defaults, wide: output.format === 'wide' }));
        });
      }),
    );
}
