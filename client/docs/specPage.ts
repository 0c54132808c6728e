import { specJsonSchema } from '../sdk/jsonSchema.ts';
import { fieldsOf } from './fields.ts';
import { markdownTable } from './markdownTable.ts';

/** docs/spec.md, from the schema. */
export function specPage(): string {
  const rows = fieldsOf(specJsonSchema()).map(({ name, type, default: preset, needed, meaning }) => {
    const unset = needed === 'yes' ? '**needed**' : needed;
    return [`\`${name}\``, type, needed !== 'no' ? unset : preset === undefined ? '' : `\`${preset}\``, meaning];
  });
  return [
    '# The release spec',
    '',
    '<!-- Made by `npm run docs` from workflows/contract/spec.schema.ts; changes here are lost. -->',
    '',
    'YAML or JSON, one release in a file. Only `target` and `change` are needed:',
    '',
    '```yaml',
    'target: { cluster: local, workload: deployment/checkout }',
    'change: { images: { app: registry.local/checkout:v2 } }',
    '```',
    '',
    'A wrong spec is refused before anything is touched; every problem is named with file, line and column, the field, what',
    'was found and what is allowed. For completion and checks in an editor begin the file with',
    '`# yaml-language-server: $schema=…/docs/release.schema.json`.',
    '',
    '`[]` stands for an entry of a list. Durations are written with a unit (`250ms`, `30s`, `5m`, `1h30m`), shares as a',
    'count (`3`) or a percentage (`25%`).',
    '',
    ...markdownTable(['field', 'type', 'default', 'meaning'], rows),
    '',
  ].join('\n');
}
