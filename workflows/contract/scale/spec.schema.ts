import { z } from 'zod';
import { conditionsSchema, releaseSpecSchema, sharesSchema } from '../spec.schema.ts';

const release = releaseSpecSchema.shape;
const strategy = release.strategy.unwrap().shape;
const select = conditionsSchema.optional();

/** Beyond this a number is a slip of the finger: Kubernetes is not made for more pods in one cluster. */
const mostReplicas = 150_000;

/** Nothing but a word for it takes every pod away: `--to $N` with a wrong N must not. */
function zeroIsMeant(
  { to, allowZero }: { readonly to: number; readonly allowZero: boolean },
  context: z.RefinementCtx,
) {
  if (to > 0 || allowZero) return;
  context.addIssue({
    code: 'custom',
    path: ['to'],
    message: 'a whole number of at least 1; 0 takes every pod away, and needs scale.allowZero (--allow-zero)',
  });
}

/** What a person writes to scale a workload, in the words of a release. Everything but `target` and `scale` has a default. */
export const scaleSpecSchema = z.strictObject({
  apiVersion: release.apiVersion,
  kind: z.literal('Scale').default('Scale').describe('What the document is.'),
  metadata: release.metadata,
  target: release.target.describe('Whom it scales.'),
  scale: z
    .strictObject({
      to: z
        .int()
        .min(0)
        .max(mostReplicas)
        .describe('How many pods the workload shall have.')
        .meta({ title: 'a whole number of pods' }),
      allowZero: z.boolean().default(false).describe('`to: 0` is meant: every pod goes.'),
      hpa: z
        .enum(['Refuse', 'Suspend', 'Bound'])
        .default('Refuse')
        .describe(
          'What becomes of a HorizontalPodAutoscaler of the workload. Refuse: nothing is scaled where there is one. Suspend: it does nothing meanwhile, and is given back exactly as it was. Bound: the same, but in the end its bounds hold the number: scaled up it may not go below, scaled down not above.',
        ),
    })
    .superRefine(zeroIsMeant)
    .describe('How many, and who else may say so.'),
  strategy: z
    .strictObject({
      batches: sharesSchema.describe(
        'Shares of the pods that come or go, one entry a batch; what is left over is a last batch.',
      ),
      select: select.describe(
        'Which pods go, down only; as many as go must match, and `names` are exactly these. Default: as `order` says.',
      ),
      order: strategy.order.describe(
        'Which pods go first, after those that are not ready and those whose pod-deletion-cost is lower. Default: the newest; the highest ordinal of a StatefulSet, always.',
      ),
      readyTimeout: strategy.readyTimeout.describe(
        'How long a batch may take from the new number until its pods are ready, or gone; then it has failed.',
      ),
      progressDeadline: strategy.progressDeadline,
      rollback: strategy.rollback.describe(
        'AtOnce: a rollback goes back to the number before in one step. InBatches: batch by batch, the last one first.',
      ),
    })
    .prefault({})
    .describe('How it goes about it.'),
  gates: z
    .strictObject({ afterBatch: release.gates.unwrap().shape.afterBatch.describe('The gate after each batch.') })
    .prefault({})
    .describe('What must hold before it goes on.'),
  traffic: release.traffic.describe('How a pod is taken out of traffic before it goes.'),
  notify: release.notify,
  onFailure: release.onFailure,
});

export type ScaleSpec = z.output<typeof scaleSpecSchema>;
export type ScaleSpecInput = z.input<typeof scaleSpecSchema>;
