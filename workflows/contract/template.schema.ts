import { z } from 'zod';

const patchOf = (what: string) => z.record(z.string(), z.unknown()).describe(what);

/**
 * A strategic merge patch of a pod template, as `kubectl patch` takes it: lists merge by their keys (containers by
 * name). What is below `metadata` and `spec` is judged by the API server, which knows the fields of its version.
 */
export const templateSchema = z
  .strictObject({
    metadata: z
      .strictObject({
        labels: patchOf('Labels of the pods.').optional(),
        annotations: patchOf('Annotations of the pods, such as the checksum of a configuration.').optional(),
      })
      .optional()
      .describe('Labels and annotations of the pods.'),
    spec: patchOf('Of the pods: containers with their env, resources and probes, volumes, …').optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, '`metadata` or `spec`')
  .meta({ title: 'a part of a pod template: metadata, spec' });

export type TemplatePatch = z.output<typeof templateSchema>;
