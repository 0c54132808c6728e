import { releaseJsonSchema } from '../../workflows/contract/jsonSchema.schema.ts';
import type { SchemaNode } from '../../workflows/contract/validate/schemaNode.ts';

/** A JSON Schema document for editors. */
export interface JsonSchema extends SchemaNode {
  readonly $schema?: string;
}

/** JSON Schema (draft 7) of a release spec, for editors: completion, the meaning of fields, and most of the validation. */
export function specJsonSchema(): JsonSchema {
  return {
    ...releaseJsonSchema(),
    title: 'Sluice release',
    description: 'What a release changes and how it goes about it. Everything but target and change has a default.',
  };
}
