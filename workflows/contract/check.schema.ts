import { z } from 'zod';
import { durationSchema } from './quantity.schema.ts';

/** The kinds of check. A new kind adds its entry here and in activities/verify/index.ts. */
export const checkSchema = z.union([
  z.strictObject({
    http: z
      .strictObject({
        path: z.string().startsWith('/').default('/'),
        port: z.int().min(1).max(65_535).optional().describe("Default: the first container's first port."),
        expect: z.int().min(100).max(599).default(200).describe('HTTP status that passes.'),
        timeout: durationSchema.default('5s'),
      })
      .describe('One GET to each pod.'),
  }),
  z.strictObject({
    prometheus: z
      .strictObject({
        server: z.url({ protocol: /^https?$/ }),
        query: z.string().min(1).describe('PromQL that gives one number.'),
        max: z.number().optional(),
        min: z.number().optional(),
        noData: z.enum(['fail', 'pass', 'unsure']).default('unsure').describe('What an empty answer or NaN means.'),
      })
      .refine((check) => check.max !== undefined || check.min !== undefined, 'needs `max` or `min`')
      .describe('One instant query.'),
  }),
]);

export type CheckSpec = z.output<typeof checkSchema>;
