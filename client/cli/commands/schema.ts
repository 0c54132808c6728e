import type { Command } from 'commander';
import type { Host } from '../host.ts';

/** `sluice schema > release.schema.json` */
export function registerSchema(program: Command, host: Host): void {
  program
    .command('schema')
    .description('print the JSON Schema of a release spec, for editors')
    .action(() =>
      host.run({ output: 'json' }, async ({ output }) => {
        const { specJsonSchema } = await import('../../sdk/jsonSchema.ts');
        output.result(specJsonSchema(), () => []);
      }),
    );
}
