import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { type OutputFlags, withOutput } from '../options.ts';
import { doctorLines } from '../view/doctor.ts';

interface Flags extends OutputFlags {
  readonly stateDir?: string;
}

/** `sluice doctor`: looks and changes nothing. */
export function registerDoctor(program: Command, host: Host): void {
  withOutput(program.command('doctor'))
    .description('say what the local stack needs, has and lacks; changes nothing')
    .option('--state-dir <path>', 'where the stack lives (default: $SLUICE_STATE_DIR, or ~/.local/state/sluice)')
    .action((flags: Flags) =>
      host.run(flags, async ({ output }) => {
        const { doctor } = await import('../../../local/doctor.ts');
        const report = await doctor({ ...(flags.stateDir !== undefined && { stateDir: flags.stateDir }) });
        output.result(report, (look) => doctorLines(report, look, { wide: output.format === 'wide' }));
        return report.ok ? 0 : 6;
      }),
    );
}
