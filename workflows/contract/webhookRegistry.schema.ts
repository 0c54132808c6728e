import { z } from 'zod';

/**
 * What the webhook adapter says to a platform of a company's own, and what it expects to hear. docs/webhook.openapi.json is
 * made of it, so the document and the adapter cannot differ.
 */

const serviceSchema = z.string().min(1).describe('The service as `service` of the release names it.');

export const webhookInstanceSchema = z
  .object({
    id: z.string().min(1).describe('What the platform calls it; the same for as long as it is registered.'),
    ip: z.string().describe('Its address, IPv4 or IPv6.'),
    port: z.int().min(1).max(65535).optional().describe('The port that callers use.'),
    metadata: z
      .record(z.string(), z.string())
      .optional()
      .describe('Whatever else it was registered with; `instance.metadata` may choose by it.'),
    inTraffic: z.boolean().describe('Callers are sent to it now.'),
    takenOut: z
      .boolean()
      .describe(
        'Somebody has taken it out, by this API or by hand. It stays true while the instance heartbeats, and when it registers again under this id; also when it took itself off before, for ten minutes.',
      ),
    registered: z
      .boolean()
      .optional()
      .describe(
        'False: it has taken itself off and is listed only because it is out, should it register again. It is listed so for ten minutes, or until it is put back; then it is forgotten. Not there: true.',
      ),
    weight: z
      .number()
      .min(0)
      .optional()
      .describe(
        'One with twice the weight gets twice the calls. Left out: the platform has no weights, or does not know it while the instance is out; a release then has a pause where it would go up in steps, or goes by the weight from before.',
      ),
    revision: z
      .string()
      .min(1)
      .describe(
        'Another one after each change of `takenOut`, `registered` or `weight`, and after each registration. A write names the one that it was decided on.',
      ),
    state: z
      .string()
      .max(4_000)
      .optional()
      .describe(
        'What the platform needs to know to put it back as it is now, such as its weight, in words of its own; it gets it back then.',
      ),
  })
  .describe('An instance of a service, as it stands now: not out of a cache.');

const writeFields = {
  service: serviceSchema,
  instance: z.string().min(1).describe('The id of the instance.'),
  revision: z.string().min(1).describe('The revision that was seen. Where there is another one now: 409.'),
};

/** By the path below `server`; all are POST, for a signature covers the body and not the address. */
export const webhookOperations = {
  services: {
    does: 'Names the services that there are',
    more: 'Asked only where no pod of a release has an instance, to tell a misspelt service.',
    request: z.strictObject({ type: z.literal('services') }),
    answer: z.object({ services: z.array(z.string()) }),
  },
  instances: {
    does: 'Lists the instances of a service',
    more: 'Asked about once a second while pods are drained or put back. A service that is not there has none.',
    request: z.strictObject({ type: z.literal('instances'), service: serviceSchema }),
    answer: z.object({ instances: z.array(webhookInstanceSchema) }),
  },
  'take-out': {
    does: 'Takes an instance out of traffic',
    more: 'It stays registered, and stays out while it heartbeats and when it registers again, also after it took itself off. One that is out already stays out. Answered with the instance as it stands then.',
    request: z.strictObject({ type: z.literal('take-out'), ...writeFields }),
    answer: webhookInstanceSchema,
  },
  'put-back': {
    does: 'Puts an instance back as it stood before it was taken out',
    more: 'One that is back already stays as it is. One that is not registered is forgotten: it is in traffic when it registers. Answered with the instance as it stands then.',
    request: z.strictObject({
      type: z.literal('put-back'),
      ...writeFields,
      state: z.string().optional().describe('The `state` that it had before it was taken out.'),
      weight: z
        .number()
        .min(0)
        .optional()
        .describe(
          'The weight that it comes back with, whatever it was before: it warms up. Sent only where the platform has told its weight.',
        ),
    }),
    answer: webhookInstanceSchema,
  },
  weigh: {
    does: 'Gives an instance another weight',
    more: 'Asked only of platforms that tell the weight of an instance, while it warms up after a release; at the end with the weight that it had before. Whether it is out stays as it is. Answered with the instance as it stands then.',
    request: z.strictObject({
      type: z.literal('weigh'),
      ...writeFields,
      weight: z.number().min(0).describe('With two digits behind the point at most, or as the platform has told it.'),
    }),
    answer: webhookInstanceSchema,
  },
} as const;

export type WebhookOperation = keyof typeof webhookOperations;
export type WebhookRequest<O extends WebhookOperation> = z.input<(typeof webhookOperations)[O]['request']>;
export type WebhookAnswer<O extends WebhookOperation> = z.output<(typeof webhookOperations)[O]['answer']>;
export type WebhookInstance = z.output<typeof webhookInstanceSchema>;

/** A platform refuses what is older or younger than this: it may have been sent before, by somebody who listened. */
export const webhookToleranceSeconds = 300;

/** `TakeOutRequest` of `take-out` and `Request`. */
export const webhookSchemaName = (operation: WebhookOperation, part: 'Request' | 'Answer'): string =>
  `${operation.replace(/(^|-)[a-z]/g, (found) => found.slice(-1).toUpperCase())}${part}`;

/** JSON Schemas (2020-12, as OpenAPI 3.1 has them) of all requests and answers, by name; they refer to each other as its components do. */
export function webhookJsonSchemas(): Readonly<Record<string, object>> {
  const named = z.registry<{ id: string }>();
  named.add(webhookInstanceSchema, { id: 'Instance' });
  for (const [operation, { request, answer }] of Object.entries(webhookOperations)) {
    named.add(request, { id: webhookSchemaName(operation as WebhookOperation, 'Request') });
    if (answer !== webhookInstanceSchema)
      named.add(answer, { id: webhookSchemaName(operation as WebhookOperation, 'Answer') });
  }
  const { schemas } = z.toJSONSchema(named, { io: 'input', uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _uri, ...schema }]) => [id, schema]),
  );
}
