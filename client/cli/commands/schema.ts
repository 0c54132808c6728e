import { type Command, Option } from 'commander';
import type { Host } from '../host.ts';

/** `sluice schema > release.schema.json` */
export function registerSchema(program: Command, host: Host): void {
  program
    .command('schema')
    .description('print the JSON Schema of a release spec, for editors')
    .addOption(new Option('--kind <kind>', 'of which document').choices(['Release', 'Scale']).default('Release'))
    .action(({ kind }: { readonly kind: 'Release' | 'Scale' }) =>
      host.run({ output: 'json' }, async ({ output }) => {
        const { scaleSpecJsonSchema, specJsonSchema } = await import('../../sdk/jsonSchema.ts');
        output.result(kind === 'Scale' ? scaleSpecJsonSchema() : specJsonSchema(), () => []);
      }),
    );
}
