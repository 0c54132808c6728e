import type { PlannedApproval, PlannedShape } from './plan.ts';
import type { Quantity } from './quantity.schema.ts';
import { durationPattern, milliseconds, percentagePattern } from './quantity.ts';

/** What `changePlan` says, in the words of a spec. What is left out stays as it is. */
export interface PlanChangeFields {
  readonly strategy?: {
    /** Shares of the pods whose batches have not begun. */
    readonly batches?: PlannedShape['batches'];
    readonly maxUnavailable?: Quantity;
    readonly failureThreshold?: Quantity;
    /** Of a canary: what comes after the step that has begun last. */
    readonly canary?: { readonly steps?: readonly ChangedStep[] };
  };
  readonly gates?: {
    readonly afterBatch?: {
      readonly bake?: string;
      readonly approval?: false | ApprovalChange;
    };
  };
}

/** A step as in a spec; whoever is matched stays so, as a match is looked at with the plan of a release only. */
type ChangedStep = Quantity | { readonly pods?: Quantity; readonly weight?: number };

/** What is left out stays as it is; where there was no approval, one by anybody. */
type ApprovalChange = Partial<Pick<PlannedApproval, 'required' | 'from'>>;

/** The same, read. */
export interface PlanChange {
  readonly batches?: PlannedShape['batches'];
  readonly maxUnavailable?: Quantity;
  readonly failureThreshold?: Quantity;
  readonly steps?: readonly ChangedStep[];
  readonly bakeMs?: number;
  readonly approval?: false | ApprovalChange;
}

/** A field that is not as it may be. */
class Wrong extends Error {}

/**
 * Reads what somebody wrote, by hand: zod is too large for a workflow. The rules are those of the spec's schema.
 * @returns a text where something is wrong: the field, what was found and what is allowed
 */
export function readPlanChange(message: object): PlanChange | string {
  try {
    const fields = message as Record<string, unknown>;
    const strategy = mapping(fields, 'strategy', ['batches', 'maxUnavailable', 'failureThreshold', 'canary']);
    const canary = mapping(strategy, 'canary', ['steps'], 'strategy.');
    const gates = mapping(fields, 'gates', ['afterBatch']);
    const gate = mapping(gates, 'afterBatch', ['bake', 'approval'], 'gates.');
    const change: PlanChange = {
      ...optional('batches', strategy['batches'], batchesOf),
      ...optional('maxUnavailable', strategy['maxUnavailable'], (value) =>
        quantityOf('strategy.maxUnavailable', value),
      ),
      ...optional('failureThreshold', strategy['failureThreshold'], (value) =>
        quantityOf('strategy.failureThreshold', value),
      ),
      ...optional('steps', canary['steps'], stepsOf),
      ...optional('bakeMs', gate['bake'], bakeOf),
      ...optional('approval', gate['approval'], approvalOf),
    };
    return Object.keys(change).length > 0 ? change : `Says nothing to change; allowed: ${allowed}.`;
  } catch (error) {
    if (error instanceof Wrong) return error.message;
    throw error;
  }
}

const allowed =
  'strategy.batches, strategy.maxUnavailable, strategy.failureThreshold, strategy.canary.steps, gates.afterBatch.bake and gates.afterBatch.approval';

const optional = <K extends string, T>(key: K, value: unknown, read: (value: unknown) => T): Partial<Record<K, T>> =>
  value === undefined ? {} : ({ [key]: read(value) } as Partial<Record<K, T>>);

function wrong(field: string, found: unknown, may: string): Wrong {
  return new Wrong(`${field}: found ${JSON.stringify(found)}; allowed: ${may}.`);
}

function mapping(
  of: Record<string, unknown>,
  key: string,
  fields: readonly string[],
  path = '',
): Record<string, unknown> {
  const value = of[key];
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path + key, value, 'a mapping');
  const unknown = Object.keys(value).find((field) => !fields.includes(field));
  if (unknown !== undefined) throw wrong(`${path}${key}`, unknown, fields.join(', '));
  return value as Record<string, unknown>;
}

function quantityOf(field: string, value: unknown): Quantity {
  if (Number.isInteger(value) && Number(value) >= 1) return Number(value);
  if (typeof value === 'string' && percentagePattern.test(value)) return value;
  throw wrong(field, value, 'a whole number of at least 1, or a percentage from 1% to 100%');
}

function batchesOf(value: unknown): PlannedShape['batches'] {
  const field = 'strategy.batches';
  if (Array.isArray(value) && value.length > 0 && value.length <= 200) {
    const batches = value.map((entry, index) => quantityOf(`${field}[${index}]`, entry));
    const sum = batches.reduce<number>((all, one) => all + (typeof one === 'string' ? Number.parseInt(one, 10) : 0), 0);
    if (sum <= 100) return batches;
    throw wrong(field, value, 'shares that add up to 100% at most');
  }
  const count = typeof value === 'object' && value !== null && 'count' in value ? value.count : undefined;
  if (Number.isInteger(count) && Number(count) >= 1 && Number(count) <= 200) return { count: Number(count) };
  throw wrong(field, value, 'a list of counts and percentages, or {"count": <number of batches>}');
}

function stepsOf(value: unknown): readonly ChangedStep[] {
  const field = 'strategy.canary.steps';
  if (!Array.isArray(value) || value.length === 0 || value.length > 50) {
    throw wrong(field, value, 'a list of 1 to 50 shares, or of steps with `pods` and `weight`');
  }
  return value.map((step: unknown, index) => {
    const at = `${field}[${index}]`;
    if (typeof step !== 'object' || step === null) return quantityOf(at, step);
    const { pods, weight } = mapping({ [at]: step }, at, ['pods', 'weight']);
    if (pods === undefined && weight === undefined) throw wrong(at, step, '`pods` or `weight`');
    if (weight !== undefined && (!Number.isInteger(weight) || Number(weight) < 0 || Number(weight) > 100)) {
      throw wrong(`${at}.weight`, weight, 'a whole number from 0 to 100');
    }
    return {
      ...(pods !== undefined && { pods: quantityOf(`${at}.pods`, pods) }),
      ...(weight !== undefined && { weight: Number(weight) }),
    };
  });
}

function bakeOf(value: unknown): number {
  if (typeof value === 'string' && durationPattern.test(value)) return milliseconds(value);
  throw wrong('gates.afterBatch.bake', value, 'a duration with a unit, such as 30s, 5m or 1h30m');
}

function approvalOf(value: unknown): false | ApprovalChange {
  const field = 'gates.afterBatch.approval';
  if (value === false) return false;
  const fields = mapping({ [field]: value }, field, ['required', 'from']);
  const { required = 1, from = [] } = fields;
  if (!Number.isInteger(required) || Number(required) < 1 || Number(required) > 20) {
    throw wrong(`${field}.required`, required, 'a whole number from 1 to 20');
  }
  if (!Array.isArray(from) || !from.every((name) => typeof name === 'string' && name !== '')) {
    throw wrong(`${field}.from`, from, 'a list of names');
  }
  if (from.length > 0 && new Set(from).size < Number(required)) {
    throw wrong(`${field}.from`, from, `at least ${String(required)} different names, as so many must approve`);
  }
  return {
    ...('required' in fields && { required: Number(required) }),
    ...('from' in fields && { from }),
  };
}
