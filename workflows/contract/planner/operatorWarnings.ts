import type { Findings } from '../observation.ts';
import type { PlanWarning } from '../plan.ts';
import { warn } from '../warn.ts';

/**
 * A workload that a custom resource has is written by an operator, which takes back what the resource does not say.
 * @param text what that means, for people; `owner`: kind and name of the resource
 */
export const operatorWarnings = (
  { ownedBy = '' }: Pick<Findings, 'ownedBy'>,
  text: (owner: string) => string,
): readonly PlanWarning[] => warn(ownedBy !== '', 'OPERATOR', text(ownedBy));
