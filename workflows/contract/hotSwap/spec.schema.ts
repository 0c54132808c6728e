import { z } from 'zod';
import { imageSchema, labelSchema } from '../name.schema.ts';
import { someTimeSchema } from '../quantity.schema.ts';
import { milliseconds } from '../quantity.ts';

/** A look that takes longer keeps its call for too long. */
const longestMs = 30_000;

const holdsSchema = z.strictObject({
  command: z
    .array(z.string().min(1))
    .min(1)
    .describe(
      'Ends with 0 in the container that holds the connections, and otherwise in the other one: asked of the new one until it says so, and of the old one before a rollback. No shell but the one that is named.',
    )
    .meta({ title: 'a list of a program and its arguments' }),
  timeout: someTimeSchema
    .default('5s')
    .refine((timeout) => milliseconds(timeout) <= longestMs, 'at most 30s')
    .describe('How long one run of it may take, at most 30s; it is repeated until `strategy.readyTimeout`.'),
});

/** What `change.hotSwap` says: see docs/modes.md. */
export const hotSwapSchema = z
  .strictObject({
    containers: z
      .tuple([labelSchema, labelSchema])
      .refine(([one, two]) => one !== two, 'two different containers')
      .describe('The pair: in each pod one of them runs a version, the other one the empty image.')
      .meta({ title: 'a list of two containers' }),
    image: imageSchema.describe('The new version; it goes into whichever container of a pod is empty.'),
    emptyImage: imageSchema.describe(
      'What the container that is not in use has. It must get on with the command, the probes and the volumes of the pair.',
    ),
    holds: holdsSchema.optional().describe('How the new container shows that it has taken over. Default: it is ready.'),
  })
  .superRefine(({ image, emptyImage }, context) => {
    if (image === emptyImage) {
      context.addIssue({
        code: 'custom',
        path: ['emptyImage'],
        message: 'another image than `image`',
        params: { found: 'the same' },
      });
    }
  });

export type HotSwapSpec = z.output<typeof hotSwapSchema>;
