import { jsonSchemaOf } from '../jsonSchema.schema.ts';
import { problemError } from '../problem.ts';
import type { SchemaNode } from '../validate/schemaNode.ts';
import { type Checked, checkDocument } from '../validate.schema.ts';
import { type ScaleSpec, scaleSpecSchema } from './spec.schema.ts';

/** JSON Schema (draft 7) of what a person writes. */
export const scaleJsonSchema = (): SchemaNode => jsonSchemaOf(scaleSpecSchema);

/** Checks a spec that is data already. */
export const checkScale = (value: unknown): Checked<ScaleSpec> =>
  checkDocument(value, scaleSpecSchema, scaleJsonSchema);

/** The valid spec. @throws SPEC_INVALID with all problems in `details.problems` */
export function validateScale(value: unknown, origin = 'The scale spec'): ScaleSpec {
  const { spec, problems } = checkScale(value);
  if (problems !== undefined) throw problemError(problems, origin);
  return spec;
}
