import { z } from 'zod';
import { prometheusServerSchema } from './prometheus.schema.ts';
import { someTimeSchema } from './quantity.schema.ts';

/** The kinds of check. A new kind adds its entry here and in activities/verify/index.ts. */
export const checkSchema = z
  .union([
    z.strictObject({
      http: z
        .strictObject({
          path: z
            .string()
            .startsWith('/')
            .default('/')
            .describe('Path and query of the request.')
            .meta({ title: 'a path that begins with /' }),
          port: z.int().min(1).max(65_535).optional().describe("Default: the first container's first port."),
          expect: z.int().min(100).max(599).default(200).describe('HTTP status that passes.'),
          timeout: someTimeSchema.default('5s').describe('How long one pod may take to answer.'),
        })
        .describe('One GET to each pod, before it gets traffic.'),
    }),
    z.strictObject({
      prometheus: z
        .strictObject({
          server: prometheusServerSchema,
          query: z.string().min(1).describe('PromQL that gives one number.'),
          max: z.number().optional().describe('Passes up to this value.'),
          min: z.number().optional().describe('Passes from this value on.'),
          noData: z.enum(['fail', 'pass', 'unsure']).default('unsure').describe('What an empty answer or NaN means.'),
          onUndecided: z
            .enum(['hold', 'fail'])
            .default('hold')
            .describe(
              'What follows when nothing could decide it for a minute (no data, no answer). hold: the release waits for people, whatever `onFailure` says. fail: as when it fails.',
            ),
        })
        .refine((check) => check.max !== undefined || check.min !== undefined, '`max` or `min`, or both')
        .refine(
          ({ min, max }) => min === undefined || max === undefined || min <= max,
          '`min` that is not greater than `max`',
        )
        .describe('One instant query at the gate.'),
    }),
  ])
  .meta({ title: 'one of `http: {…}`, `prometheus: {…}`' });

export type CheckSpec = z.output<typeof checkSchema>;
