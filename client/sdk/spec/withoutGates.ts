import { podChecks } from '../../../workflows/contract/checks.ts';
import type { ReleaseSpec } from '../../../workflows/contract/spec.ts';

/** `spec` without whatever makes a gate wait: bake times, approvals, and the checks that run there; those of single pods stay. */
export const withoutGates = (spec: ReleaseSpec): ReleaseSpec => ({
  ...spec,
  gates: { afterGray: { bake: '0s', approval: false }, afterBatch: { bake: '0s', approval: false } },
  checks: [...podChecks(spec.checks)],
});
