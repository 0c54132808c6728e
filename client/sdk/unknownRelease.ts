import { SluiceError } from '../../workflows/contract/errors.ts';

/** For a `catch` of what looks for a release: what never was released goes by the defaults. */
export function undefinedIfUnknown(error: unknown): undefined {
  if (error instanceof SluiceError && error.code === 'RELEASE_NOT_FOUND') return undefined;
  throw error;
}
