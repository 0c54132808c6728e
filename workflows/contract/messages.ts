import type { Plan } from './plan.ts';
import type { PlanChangeFields } from './planChange.ts';

/**
 * What people and bots can say to a running release. Each name is an update (answered) and a signal
 * (fire and forget) with the same argument. Plain data, checked by hand in the workflow.
 */
export const messageNames = [
  'approve',
  'reject',
  'pause',
  'resume',
  'rollback',
  'changePlan',
  'skipTo',
  'takeOver',
  'adopt',
  'supersede',
  'handOver',
  'takeBack',
] as const;
export type MessageName = (typeof messageNames)[number];

export const queryNames = { status: 'status' } as const;

/** Who says it. `verified` is set only by a client that has proven who it is (API with a login). */
interface Said {
  readonly by: string;
  readonly verified?: boolean;
  readonly reason?: string;
  /** First run id of the release that is meant; refused when it is another one. */
  readonly run?: string;
}

/** For `approve` and `reject`: the gate is named, so that a late click never opens the next one. */
export interface GateMessage extends Said {
  readonly gate: string;
}

/** Sizes and gates of the batches that have not begun. */
export interface ChangePlanMessage extends Said, PlanChangeFields {}

export interface SkipMessage extends Said {
  /** The batch to go to, such as `batch-3`: those before it are upgraded with it. */
  readonly batch: string;
}

export interface SupersedeMessage extends Said {
  /** A release spec of the same workload, as for a start; validated by the plan, which is made before anything stops. */
  readonly spec: unknown;
  /** Answer the plan, and change nothing. */
  readonly dryRun?: boolean;
  /** The release of the newer version touches nothing before somebody resumes it. */
  readonly paused?: boolean;
  /** The spec before its gates were left out for this once; see ReleaseInput. */
  readonly gated?: unknown;
}

export type PlainMessage = Said;

export interface MessageArguments {
  readonly approve: GateMessage;
  readonly reject: GateMessage;
  readonly pause: PlainMessage;
  readonly resume: PlainMessage;
  readonly rollback: PlainMessage;
  readonly changePlan: ChangePlanMessage;
  readonly skipTo: SkipMessage;
  readonly takeOver: PlainMessage;
  readonly adopt: PlainMessage;
  readonly supersede: SupersedeMessage;
  readonly handOver: PlainMessage;
  readonly takeBack: PlainMessage;
}

/** The answer to an accepted message: what it did. A refused one fails with a code of the error table. */
export interface Reply {
  /** One sentence for people: `Approved after-gray (1 of 2).` */
  readonly text: string;
  readonly phase: string;
  /** Of a `supersede` that is a dry run: what it would do. */
  readonly plan?: Plan;
}

/** Shown in the Temporal UI beside each update and signal. */
export const messageDescriptions: Readonly<Record<MessageName, string>> = {
  approve:
    'Open the gate that waits, or go on without its checks where it is held because they cannot be decided. Example: {"gate": "after-gray", "by": "anna"}',
  reject:
    'Refuse at the gate that waits: rolls back. Example: {"gate": "after-gray", "by": "anna", "reason": "errors in the log"}',
  pause: 'Start no further pod; those in flight finish. Example: {"by": "anna", "reason": "lunch"}',
  resume: 'Go on after a pause, or try again after a hold. Example: {"by": "anna"}',
  takeOver:
    'When it is held because somebody else changed the workload: undo their change and go on. Example: {"by": "anna"}',
  adopt:
    'When it is held because somebody else changed the workload: keep their change, end the release here, and let the workload\'s own controller roll it out. Example: {"by": "anna"}',
  changePlan:
    'Other sizes and gates for the batches, or other steps of a canary, that have not begun, in the words of a spec. Example: {"by": "anna", "strategy": {"batches": ["50%", "50%"], "maxUnavailable": 2}, "gates": {"afterBatch": {"bake": "5m", "approval": {"required": 1}}}}',
  skipTo:
    'Upgrade all batches (of a canary: take all steps) up to this one in one go, without the gates between them. Example: {"by": "anna", "batch": "batch-3"}',
  supersede:
    'Go on to a newer version from here: what is in hand is finished, then all pods go to the version of this spec, the gray group first again. Example: {"by": "anna", "spec": {"metadata": {"name": "checkout", "namespace": "shop"}, "target": {"cluster": "local", "workload": "deployment/checkout"}, "change": {"images": {"app": "registry.local/checkout:v3"}}}}',
  handOver:
    'Give the workload into the hands of whoever says it: what is in flight is finished, every pod is in traffic, and all holds are given up until `takeBack`. Example: {"by": "anna", "reason": "the nodes of zone b"}',
  takeBack: 'After `handOver`: look what the workload has become, and go on from there. Example: {"by": "anna"}',
  rollback: 'Undo everything, from any point. Example: {"by": "anna", "reason": "customers complain"}',
};
