export type { CheckSpec } from './check.schema.ts';
export type { Quantity } from './quantity.schema.ts';
export type { ApprovalSpec, PodSelect, ReleaseSpec, ReleaseSpecInput } from './spec.schema.ts';
export type { NotifyTarget, TrafficSource } from './traffic.schema.ts';
