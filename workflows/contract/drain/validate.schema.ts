import { jsonSchemaOf } from '../jsonSchema.schema.ts';
import { problemError } from '../problem.ts';
import type { SchemaNode } from '../validate/schemaNode.ts';
import { type Checked, checkDocument } from '../validate.schema.ts';
import { type DrainSpec, drainSpecSchema } from './spec.schema.ts';

/** JSON Schema (draft 7) of what a person writes. */
export const drainJsonSchema = (): SchemaNode => jsonSchemaOf(drainSpecSchema);

/** Checks a spec that is data already. */
export const checkDrain = (value: unknown): Checked<DrainSpec> =>
  checkDocument(value, drainSpecSchema, drainJsonSchema);

/** The valid spec. @throws SPEC_INVALID with all problems in `details.problems` */
export function validateDrain(value: unknown, origin = 'The drain spec'): DrainSpec {
  const { spec, problems } = checkDrain(value);
  if (problems !== undefined) throw problemError(problems, origin);
  return spec;
}
