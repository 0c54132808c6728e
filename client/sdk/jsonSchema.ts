import { drainJsonSchema } from '../../workflows/contract/drain/validate.schema.ts';
import { releaseJsonSchema } from '../../workflows/contract/jsonSchema.schema.ts';
import { scaleJsonSchema } from '../../workflows/contract/scale/validate.schema.ts';
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

/** The same of a scale spec. */
export function scaleSpecJsonSchema(): JsonSchema {
  return {
    ...scaleJsonSchema(),
    title: 'Sluice scale',
    description:
      'How many pods a workload shall have, and how it gets there. Everything but target and scale has a default.',
  };
}

/** The same of a drain spec. */
export function drainSpecJsonSchema(): JsonSchema {
  return {
    ...drainJsonSchema(),
    title: 'Sluice drain',
    description: 'Which pods are taken out of traffic, through what, and for how long.',
  };
}
