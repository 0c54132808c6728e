import type { PlannedApproval, PlannedGate } from '../plan.ts';
import { milliseconds } from '../quantity.ts';
import type { ApprovalSpec, ReleaseSpec } from '../spec.ts';

/** The gate after `batch`. */
export function plannedGate(batch: string, { bake, approval }: ReleaseSpec['gates']['afterGray']): PlannedGate {
  return {
    id: `after-${batch}`,
    bakeMs: milliseconds(bake),
    ...(approval !== false && { approval: plannedApproval(approval) }),
  };
}

function plannedApproval({ required, from, expires, onExpiry }: ApprovalSpec): PlannedApproval {
  return { required, from, onExpiry, ...(expires !== undefined && { expiresMs: milliseconds(expires) }) };
}
