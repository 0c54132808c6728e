import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { type OutputFlags, withOutput } from '../options.ts';

interface Flags extends OutputFlags {
  readonly stateDir?: string;
}

/** `eval "$(sluice env)"` points kubectl, temporal and sluice at the local stack. */
export function registerEnv(program: Command, host: Host): void {
  withOutput(program.command('env'))
    .description('print the exports that point kubectl and temporal at the local stack')
    .option('--state-dir <path>', 'where the stack lives (default: $SLUICE_STATE_DIR, or ~/.local/state/sluice)')
    .addHelpText('after', '\nUse it so:  eval "$(sluice env)"')
    .action((flags: Flags) =>
      host.run(flags, async ({ output }) => {
        const { environment } = await import('../../../local/inspect.ts');
        const variables = await environment({ ...(flags.stateDir !== undefined && { stateDir: flags.stateDir }) });
        output.result(variables, () =>
          Object.entries(variables).map(([name, value]: [string, string]) => `export ${name}=${quoted(value)}`),
        );
      }),
    );
}

/** For any POSIX shell. */
export const quoted = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
