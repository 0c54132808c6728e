import { z } from 'zod';
import { releaseSpecSchema } from './spec.schema.ts';
import type { SchemaNode } from './validate/schemaNode.ts';

export const releaseJsonSchema = (): SchemaNode => jsonSchemaOf(releaseSpecSchema);

/** JSON Schema (draft 7, which editors know best) of what a person writes: defaults are not required. */
export function jsonSchemaOf(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override({ jsonSchema }) {
      // zod's way to say that a number is an integer that JavaScript can hold.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  }) as SchemaNode;
}
