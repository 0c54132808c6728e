import { SluiceError } from './errors.ts';
import { releaseSpecSchema } from './spec.schema.ts';
import type { ReleaseSpec } from './spec.ts';

/**
 * A release spec with its defaults filled in.
 * @throws SluiceError SPEC_INVALID with every problem
 */
export function validateSpec(spec: unknown): ReleaseSpec {
  const parsed = releaseSpecSchema.safeParse(spec);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  throw new SluiceError('SPEC_INVALID', problems.map(({ field, message }) => `${field}: ${message}`).join('; '), {
    details: { problems },
  });
}
