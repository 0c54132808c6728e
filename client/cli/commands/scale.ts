import type { Command } from 'commander';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import type { ScaleSpec } from '../../../workflows/contract/scale/spec.schema.ts';
import { type BeginFlags, begin, withBeginning } from '../begin.ts';
import type { Host } from '../host.ts';
import { withConnection, withOutput, withTarget } from '../options.ts';
import { type ScaleFlags, scaleOverrides, withScale } from '../scaleFlags.ts';
import { type Session, withSluice } from '../session.ts';
import { documentOf } from '../specDocument.ts';

interface Flags extends BeginFlags, ScaleFlags {
  readonly paused?: boolean;
}

/** `sluice scale deployment/checkout --to 20 --batches 25%,75% --service checkout` */
export function registerScale(program: Command, host: Host): void {
  withConnection(withOutput(withBeginning(withScale(withTarget(program.command('scale'))))))
    .description('bring a workload to another number of pods, in batches; pods that go are drained first')
    .option('--paused', 'plan it, and touch nothing before `sluice resume`')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  sluice scale deployment/checkout -n shop --to 20 --batches 25%,75% --approval',
        '  sluice scale deployment/checkout -n shop --to 5 --service checkout --select-node zone=a --dry-run',
        '  sluice scale -f scale.yaml --to 8 --hpa suspend --wait',
        '',
        'It is followed and steered like a release: `sluice status`, `approve`, `pause`, `rollback` and the others.',
      ].join('\n'),
    )
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const spec = await read(session, words, flags);
        return withSluice(session, flags, (sluice) =>
          begin(session, sluice, spec, flags, flags.paused === true ? { paused: true } : {}),
        );
      }),
    );
}

/** The spec that the command line means: its file, if it names one, with its flags set over it. */
async function read(session: Session, words: readonly string[], flags: Flags): Promise<ScaleSpec> {
  const overrides = scaleOverrides(words, flags);
  const { file } = flags;
  if (file === undefined && words.length === 0) {
    throw new SluiceError('USAGE', 'Neither a spec nor a workload is named.', {
      next: 'Write `deployment/checkout --to 20`, or `-f scale.yaml`.',
    });
  }
  const { readScaleSpec } = await import('../../sdk/specFile.ts');
  return readScaleSpec({
    overrides,
    defaults: [{ path: ['target', 'cluster'], value: session.defaults.cluster, from: '$SLUICE_CLUSTER' }],
    ...(file !== undefined && { document: await documentOf(session, file) }),
  });
}
