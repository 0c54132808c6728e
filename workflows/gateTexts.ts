import type { PlannedApproval, PlannedShape } from './contract/plan.ts';
import type { PlanChange } from './contract/planChange.ts';
import { countOf, humanDuration } from './contract/quantity.ts';

/** What was changed of gates, for people. `unit`: after what they are. */
export function gateTexts(
  { bakeMs, approval }: PlanChange,
  gate: PlannedShape['gate'],
  unit: 'batch' | 'step',
): readonly string[] {
  return [
    ...(bakeMs === undefined ? [] : [`bake ${humanDuration(bakeMs)} after each ${unit}`]),
    ...(approval === undefined ? [] : [approvalText(gate.approval, unit)]),
  ];
}

function approvalText(approval: PlannedApproval | undefined, unit: string): string {
  if (approval === undefined) return `no approval after a ${unit}`;
  const { required, from } = approval;
  return `${countOf(required, 'approval')}${from.length === 0 ? '' : ` of ${from.join(', ')}`} after each ${unit}`;
}
