import { z } from 'zod';
import { prometheusServerSchema } from './prometheus.schema.ts';
import { podSelectors, reachMs } from './promql.ts';

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
    z.strictObject({
      prometheus: z
        .strictObject({
          server: prometheusServerSchema,
          query: z
            .string()
            .min(1)
            .superRefine((query, context) => {
              if (podSelectors(query).length === 0) {
                const message =
                  'PromQL about one pod, with {pod} or {ip} in a label, such as `sum(in_flight{pod="{pod}"})`';
                context.addIssue({ code: 'custom', message });
              } else if (reachMs(query) === undefined) {
                const message = 'a query about now: without `offset` and `@`, and with ranges such as [1m]';
                context.addIssue({ code: 'custom', message });
              }
            })
            .describe(
              'PromQL that gives one number for one pod; `{pod}`, `{namespace}` and `{ip}` stand for what it has.',
            ),
          max: z.number().min(0).default(0).describe('Up to this value is silence.'),
          every: z
            .string()
            .regex(/^([1-9]|1\d|20)s$/)
            .default('5s')
            .describe('How often each pod is asked for; the scrape interval is a good measure.')
            .meta({ title: 'a time from 1s to 20s' }),
        })
        .describe(
          'By a query instead of connections: for applications that keep connections although nobody calls. Only what was scraped after the drain counts.',
        ),
    }),
  ])
  .meta({ title: 'one of `ephemeralContainer: { image: … }`, `prometheus: {…}`' });

export type SilenceSpec = z.output<typeof silenceSchema>;
