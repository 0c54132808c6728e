import { type Command, Option } from 'commander';
import { type RuntimeName, runtimeNames } from '../../../local/types.ts';
import type { Host } from '../host.ts';
import { type OutputFlags, withOutput } from '../options.ts';

interface Flags extends OutputFlags {
  readonly yes?: boolean;
  readonly once?: boolean;
  readonly runtime?: RuntimeName;
}

/** `sluice demo [--once] [--yes]` */
export function registerDemo(program: Command, host: Host): void {
  withOutput(program.command('demo'))
    .description('see it all: the stack, a release with an approval, and a broken one that rolls itself back')
    .option('-y, --yes', 'approve by itself (so too without a terminal)')
    .option('--once', 'stop the stack at the end')
    .addOption(
      new Option('--runtime <name>', 'what runs the pods: kwok plays them, containerd runs them (root, Linux)').choices(
        runtimeNames,
      ),
    )
    .action((flags: Flags) =>
      host.run(flags, async (session) => {
        const { demo } = await import('../demo/demo.ts');
        const { yes = false, once = false, runtime } = flags;
        try {
          return await demo(session, { yes, once, ...(runtime !== undefined && { runtime }) });
        } finally {
          if (once) {
            const [{ down }, { localProgress }] = await Promise.all([
              import('../../../local/down.ts'),
              import('../localProgress.ts'),
            ]);
            const progress = localProgress(session);
            await down({}, progress.report).finally(progress.end);
          }
        }
      }),
    );
}
