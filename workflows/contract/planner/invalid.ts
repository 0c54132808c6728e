import { SluiceError } from '../errors.ts';

/** Of a spec that does not fit what there is; told as the schema tells its own problems. */
export function invalid(field: string, facts: { readonly found: string; readonly allowed: string }): SluiceError {
  return new SluiceError('SPEC_INVALID', `${field}: found ${facts.found}; allowed: ${facts.allowed}`, {
    details: { problems: [{ field, ...facts }] },
  });
}
