import type { z } from 'zod';
import { releaseJsonSchema } from './jsonSchema.schema.ts';
import { fieldName, type Problem, problemError, problemText } from './problem.ts';
import { releaseSpecSchema } from './spec.schema.ts';
import type { ReleaseSpec } from './spec.ts';
import { describeFound } from './validate/found.ts';
import { problemsOf } from './validate/issues.schema.ts';
import type { SchemaNode } from './validate/schemaNode.ts';

/** A spec with its defaults filled in, or everything that is wrong with it. */
export type Checked<Spec = ReleaseSpec> =
  | { readonly spec: Spec; readonly problems?: never }
  | { readonly spec?: never; readonly problems: readonly Problem[] };

/** Checks a spec that is data already; see client/sdk/specFile.ts for text with positions. */
export const checkSpec = (value: unknown): Checked => checkDocument(value, releaseSpecSchema, releaseJsonSchema);

/** The same for a document of any kind. `jsonSchema`: needed only to explain what is wrong. */
export function checkDocument<Spec>(
  value: unknown,
  schema: z.ZodType<Spec>,
  jsonSchema: () => SchemaNode,
): Checked<Spec> {
  const result = schema.safeParse(value);
  if (result.success) return { spec: result.data };
  const checked = { value, schema: builtOnce(jsonSchema) };
  return { problems: once(result.error.issues.flatMap((issue) => problemsOf(issue, checked))) };
}

/** Each problem once: two rules may fail for the same reason, and a misspelt field is not missing as well. */
function once(problems: readonly Problem[]): Problem[] {
  const spelt = new Set(
    problems.flatMap(({ path, meant }) => (meant === undefined ? [] : [fieldName([...path.slice(0, -1), meant])])),
  );
  const isMisspelt = ({ path, found }: Problem): boolean =>
    found === describeFound(undefined) && spelt.has(fieldName(path));
  const texts = new Set<string>();
  return problems.filter((problem) => {
    const text = problemText(problem);
    if (texts.has(text) || isMisspelt(problem)) return false;
    texts.add(text);
    return true;
  });
}

/**
 * The valid spec. Validating its own answer again gives the same.
 * @param origin what the document is called in the error
 * @throws SPEC_INVALID with all problems in `details.problems`
 */
export function validateSpec(value: unknown, origin = 'The release spec'): ReleaseSpec {
  const { spec, problems } = checkSpec(value);
  if (problems !== undefined) throw problemError(problems, origin);
  return spec;
}

const built = new Map<() => SchemaNode, SchemaNode>();

function builtOnce(make: () => SchemaNode): SchemaNode {
  const schema = built.get(make) ?? make();
  built.set(make, schema);
  return schema;
}
