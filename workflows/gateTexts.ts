import type { PlannedApproval, PlannedShape } from './contract/plan.ts';
import type { PlanChange } from './contract/planChange.ts';
import { countOf, humanDuration } from './contract/quantity.ts';

/** What was changed of gates, for people. `after`: what they come after. */
export function gateTexts(
  { bakeMs, approval }: PlanChange,
  gate: PlannedShape['gate'],
  after: 'each batch' | 'each step' | 'the switch',
): readonly string[] {
  return [
    ...(bakeMs === undefined ? [] : [`bake ${humanDuration(bakeMs)} after ${after}`]),
    ...(approval === undefined ? [] : [approvalText(gate.approval, after)]),
  ];
}

function approvalText(approval: PlannedApproval | undefined, after: string): string {
  if (approval === undefined) return `no approval after ${after}`;
  const { required, from } = approval;
  return `${countOf(required, 'approval')}${from.length === 0 ? '' : ` of ${from.join(', ')}`} after ${after}`;
}
