import { z } from 'zod';
import { nameSchema } from '../name.schema.ts';
import { someTimeSchema } from '../quantity.schema.ts';
import { releaseSpecSchema } from '../spec.schema.ts';

const release = releaseSpecSchema.shape;

/** What a person writes to take pods out of traffic for a while, in the words of a release. */
export const drainSpecSchema = z.strictObject({
  apiVersion: release.apiVersion,
  kind: z.literal('Drain').default('Drain').describe('What the document is.'),
  metadata: release.metadata,
  target: release.target.describe('Whose pods.'),
  drain: z
    .strictObject({
      pods: z
        .array(nameSchema)
        .describe(
          'Names of the pods. Empty: nobody is taken out, and whoever a release or drain that was terminated left out is put back.',
        )
        .meta({ title: 'a list of names of pods' }),
      for: someTimeSchema
        .optional()
        .describe('Put back by itself after this time. Default: when somebody says `sluice restore`.'),
    })
    .describe('Who, and for how long.'),
  traffic: release.traffic
    .refine(({ through }) => through.length > 0, {
      path: ['through'],
      message: 'at least one way out of traffic, such as `service: checkout`',
    })
    .describe('What they are taken out of, and how.'),
  notify: release.notify,
});

export type DrainSpec = z.output<typeof drainSpecSchema>;
export type DrainSpecInput = z.input<typeof drainSpecSchema>;
