import type { PlannedApproval, PlannedGate } from '../plan.ts';
import { milliseconds } from '../quantity.ts';
import type { ApprovalSpec, ReleaseSpec } from '../spec.ts';

/** A gate of the spec, in milliseconds. */
export function plannedGate({ bake, approval }: ReleaseSpec['gates']['afterGray']): Omit<PlannedGate, 'id'> {
  return {
    bakeMs: milliseconds(bake),
    ...(approval !== false && { approval: plannedApproval(approval) }),
  };
}

function plannedApproval({ required, from, expires, onExpiry }: ApprovalSpec): PlannedApproval {
  return { required, from, onExpiry, ...(expires !== undefined && { expiresMs: milliseconds(expires) }) };
}
