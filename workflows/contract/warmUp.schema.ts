import { z } from 'zod';
import { someTimeSchema } from './quantity.schema.ts';

const shareSchema = z
  .string()
  .regex(/^[1-9]\d?%$/)
  .meta({ title: 'a whole percentage from 1% to 99%' });

/** How long a pod that is back warms up, and at which weights meanwhile. */
export const warmUpSchema = z
  .union([
    someTimeSchema,
    z.strictObject({
      for: someTimeSchema.describe('So long it warms up.'),
      weights: z
        .array(shareSchema)
        .min(1)
        .max(20)
        .superRefine(rising)
        .describe(
          'Shares of the weight that the instance of the pod has in its registry: it comes back with the first, each holds for as long as the others, and after `for` it has its own weight again. Where a way in `traffic.through` has no weights `for` is a pause, and the plan names it.',
        )
        .meta({ title: 'rising percentages below 100%, such as [10%, 50%]' }),
    }),
  ])
  .meta({
    title:
      'a duration longer than zero, such as 30s, 5m, 24h or 1h30m; or `for` with `weights`, such as {for: 2m, weights: [10%, 50%]}',
  });

function rising(shares: readonly string[], context: z.RefinementCtx): void {
  const at = shares.findIndex(
    (share, index) => Number.parseInt(share, 10) <= Number.parseInt(shares[index - 1] ?? '0%', 10),
  );
  if (at === -1) return;
  const message = `more than ${shares[at - 1]}, the share before it`;
  context.addIssue({ code: 'custom', path: [at], message, params: { found: shares[at] } });
}
