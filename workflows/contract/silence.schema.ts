import { z } from 'zod';

/**
 * How it is seen that nobody calls a pod any more, where that is not what exec in its own containers shows. Each is an
 * object with one key; a new way adds its entry here and in activities/traffic/look.ts.
 */
export const silenceSchema = z
  .union([
    z.strictObject({
      ephemeralContainer: z
        .strictObject({
          image: z
            .string()
            .regex(/^[^\s@]+@sha256:[0-9a-f]{64}$/)
            .describe('Has `sh`, `sleep` and `cat`, as busybox has. It runs without rights, as user 65532.')
            .meta({ title: 'an image with its digest, such as registry.example/busybox@sha256:…' }),
        })
        .describe(
          'Where no container of a pod can run `cat`: an ephemeral container sees its connections. It ends by itself, minutes after the drain, but stays in the spec of the pod as long as that lives.',
        ),
    }),
  ])
  .meta({ title: '`ephemeralContainer: { image: … }`' });

export type SilenceSpec = z.output<typeof silenceSchema>;
