import { releaseJsonSchema } from './jsonSchema.schema.ts';
import { type Problem, problemError } from './problem.ts';
import { releaseSpecSchema } from './spec.schema.ts';
import type { ReleaseSpec } from './spec.ts';
import { problemsOf } from './validate/issues.schema.ts';
import type { SchemaNode } from './validate/schemaNode.ts';

/** A spec with its defaults filled in, or everything that is wrong with it. */
export type Checked =
  | { readonly spec: ReleaseSpec; readonly problems?: never }
  | { readonly spec?: never; readonly problems: readonly Problem[] };

/** Checks a spec that is data already; see client/sdk/specFile.ts for text with positions. */
export function checkSpec(value: unknown): Checked {
  const result = releaseSpecSchema.safeParse(value);
  if (result.success) return { spec: result.data };
  const checked = { value, schema: schema() };
  return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, checked)) };
}

/**
 * The valid spec. Validating its own answer again gives the same.
 * @param origin what the document is called in the error
 * @throws SPEC_INVALID with all problems in `details.problems`; MODE_UNSUPPORTED where that is the only one
 */
export function validateSpec(value: unknown, origin = 'The release spec'): ReleaseSpec {
  const { spec, problems } = checkSpec(value);
  if (problems !== undefined) throw problemError(problems, origin);
  return spec;
}

let built: SchemaNode | undefined;

/** Needed only to explain what is wrong. */
function schema(): SchemaNode {
  built ??= releaseJsonSchema();
  return built;
}
