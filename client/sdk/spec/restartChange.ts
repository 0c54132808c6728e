import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';

/** The `change` of a restart. */
export const restartChange = (containers: readonly string[] | undefined): ReleaseSpecInput['change'] => ({
  restart: containers === undefined ? true : [...containers],
});
