import { z } from 'zod';
import { nameSchema } from './name.schema.ts';
import { registrySchemas } from './registries.schema.ts';

/**
 * The ways out of traffic. Each is an object with one key, the name of its adapter in activities/traffic/.
 * A new service registry adds its entry in registries.schema.ts, another way here and in activities/traffic/index.ts.
 */
export const trafficSourceSchema = z
  .union([
    z.strictObject({
      service: nameSchema.describe('A Kubernetes Service that selects the pods; no readiness gate is needed.'),
    }),
    z.strictObject({
      readinessGate: z
        .string()
        .min(1)
        .describe(
          'A readiness gate (condition type) that the pod template declares and that somebody sets on new pods.',
        ),
    }),
    ...Object.values(registrySchemas),
  ])
  .meta({
    title: `one of \`service: <name>\`, \`readinessGate: <condition type>\`, ${Object.keys(registrySchemas)
      .map((key) => `\`${key}: { … }\``)
      .join(', ')}`,
  });

/** Who is told. A new notifier adds its entry here and in activities/notify/index.ts. */
export const notifySchema = z
  .union([
    z.strictObject({
      webhook: z
        .strictObject({
          url: z
            .url({ protocol: /^https?$/ })
            .describe('Gets a POST with the event as JSON.')
            .meta({ title: 'an http or https address' }),
        })
        .describe('A POST for each event.'),
    }),
  ])
  .meta({ title: '`webhook: { url: … }`' });

export type TrafficSource = z.output<typeof trafficSourceSchema>;
export type NotifyTarget = z.output<typeof notifySchema>;
