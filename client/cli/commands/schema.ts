import { type Command, Option } from 'commander';
import type { Host } from '../host.ts';

const kinds = ['Release', 'Scale', 'Drain'] as const;

/** `sluice schema > release.schema.json` */
export function registerSchema(program: Command, host: Host): void {
  program
    .command('schema')
    .description('print the JSON Schema of a release spec, for editors')
    .addOption(new Option('--kind <kind>', 'of which document').choices(kinds).default('Release'))
    .action(({ kind }: { readonly kind: (typeof kinds)[number] }) =>
      host.run({ output: 'json' }, async ({ output }) => {
        const { drainSpecJsonSchema, scaleSpecJsonSchema, specJsonSchema } = await import('../../sdk/jsonSchema.ts');
        const schemas = { Release: specJsonSchema, Scale: scaleSpecJsonSchema, Drain: drainSpecJsonSchema };
        output.result(schemas[kind](), () => []);
      }),
    );
}
