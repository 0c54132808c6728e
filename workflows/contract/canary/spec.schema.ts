import { z } from 'zod';
import { besideServices } from '../blueGreen/services.schema.ts';
import { nameSchema } from '../name.schema.ts';
import { quantitySchema } from '../quantity.schema.ts';
import { routerKinds } from './plan.ts';
import { type AskedSteps, stepOf } from './steps.ts';

const valueSchema = z
  .string()
  .regex(/^[\w.~-]{1,200}$/)
  .meta({ title: 'letters, digits, `.`, `~`, `_` and `-`' });
const pairSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/)
    .describe('Its name.')
    .meta({ title: 'letters, digits, `_` and `-`' }),
  value: valueSchema.describe('What it must be, whole.'),
});

const matchSchema = z
  .union([
    z.strictObject({ header: pairSchema.describe('A header of the request.') }),
    z.strictObject({ cookie: pairSchema.describe('A cookie.') }),
  ])
  .describe('Callers who are sent to the new version from this step on, whatever the weight is.')
  .meta({ title: 'one of `header` and `cookie`, with name and value' });

const fullStepSchema = z
  .strictObject({
    pods: quantitySchema
      .optional()
      .describe(
        'How many pods of the new version there are from this step on: a count, or a percentage of all, rounded up. Default: as `weight` says, else as in the step before, at least 1.',
      ),
    weight: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe(
        'How many in a hundred callers are sent to them; needs `route`. Default: as in the step before, at first 0.',
      ),
    match: matchSchema.optional(),
  })
  .refine((step) => Object.keys(step).length > 0, '`pods`, `weight` or `match`');
const stepSchema = z
  .union([quantitySchema, fullStepSchema])
  .meta({ title: 'a share such as 10%, or a mapping with `pods`, `weight` and `match`' });

/** What mode Canary needs to know besides. */
export const canarySchema = z
  .strictObject({
    services: besideServices('send callers to the pods'),
    route: z
      .strictObject({
        kind: z.enum(routerKinds).describe('What it is.'),
        name: nameSchema.describe('Its name, in the namespace of the workload.'),
        service: nameSchema
          .optional()
          .describe('The Service that it points to, one of `services`. Default: the first of those.'),
      })
      .optional()
      .describe('What stands in front of a Service and can split callers. Absent: the numbers of pods alone decide.'),
    steps: z
      .array(stepSchema)
      .min(1)
      .max(50)
      .describe(
        'In order; `10%` alone means `weight: 10` with a route, else `pods: 10%`, and a count `pods`. After the last one there are all pods, and the Services are switched to them.',
      )
      .meta({ title: 'a list of shares, or of steps with `pods`, `weight` or `match`' }),
  })
  .superRefine(rise)
  .describe('Of mode Canary: in which steps, and what splits callers.');

/** Nobody is taken back from the new version but by a rollback. */
function rise({ steps, route }: AskedSteps, context: z.RefinementCtx): void {
  let [weight, percent, count] = [0, 0, 0];
  for (const [index, asked] of steps.entries()) {
    const step = stepOf(asked, route !== undefined);
    const falls = (field: 'weight' | 'pods', before: string | number): void =>
      context.addIssue({
        code: 'custom',
        path: ['steps', index, ...(typeof asked === 'object' ? [field] : [])],
        message: `no less than in the step before, where it is ${before}`,
        params: { found: String(typeof asked === 'object' ? step[field] : asked) },
      });
    if (step.weight !== undefined && step.weight < weight) falls('weight', weight);
    if (typeof step.pods === 'number' && step.pods < count) falls('pods', count);
    if (typeof step.pods === 'string' && Number.parseInt(step.pods, 10) < percent) falls('pods', `${percent}%`);
    weight = step.weight ?? weight;
    if (typeof step.pods === 'number') count = step.pods;
    if (typeof step.pods === 'string') percent = Number.parseInt(step.pods, 10);
  }
}

interface Strategy {
  readonly mode: string;
  readonly canary?: z.output<typeof canarySchema> | undefined;
  readonly gray: { readonly select?: object | undefined };
  readonly failureThreshold?: unknown;
}

/** What has a meaning in that mode only, and what has none in it. */
export function canaryFits({ mode, canary, gray, failureThreshold }: Strategy, context: z.RefinementCtx): void {
  const issue = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  if (mode !== 'Canary') {
    if (canary !== undefined) issue(['canary'], 'this with mode Canary only');
    return;
  }
  if (canary === undefined) return issue(['canary'], '`steps`, with mode Canary');
  if (gray.select !== undefined)
    issue(['gray', 'select'], 'no choice of pods with mode Canary: new ones stand beside all');
  if (failureThreshold !== undefined)
    issue(['failureThreshold'], 'no failed pod with mode Canary: the old ones serve until all are ready');
  if (canary.route !== undefined) return;
  for (const [index, step] of canary.steps.entries()) {
    const { weight, match, pods } = stepOf(step, false);
    const at = (field: string): (string | number)[] => ['canary', 'steps', index, field];
    if (weight !== undefined) issue(at('weight'), 'a weight with `route` only: without one the numbers of pods decide');
    if (match !== undefined) issue(at('match'), 'this with `route` only');
    if (pods === undefined) issue(at('pods'), 'the number of pods, without `route`');
  }
}
