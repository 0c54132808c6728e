import {
  type WebhookOperation,
  webhookInstanceSchema,
  webhookJsonSchemas,
  webhookOperations,
  webhookSchemaName,
  webhookToleranceSeconds,
} from '../../workflows/contract/webhookRegistry.schema.ts';

const about = `What Sluice asks of a platform of your own, so that it can take pods out of traffic and put them back
(\`traffic.through: [{ webhook: { server, service, callersCache, credentials } }]\`).

Every call is a POST with a JSON body, signed as Standard Webhooks (https://www.standardwebhooks.com) says, whose libraries check it:
\`webhook-signature\` has \`v1,\` and the base64 of HMAC-SHA256 over \`{webhook-id}.{webhook-timestamp}.{body}\`, several of them with
blanks between while one secret replaces another. Refuse (401) a call with no signature of yours, and one whose timestamp is more than
${webhookToleranceSeconds} s from your clock. The body says all: take nothing from the address but which operation it is, and see that \`type\` is the same.

\`webhook-id\` is the idempotency key. Sent again after an answer that was lost, a write has the same one: answer as you did, and do nothing. Keep the
ids of writes for ${webhookToleranceSeconds} s at least; do not keep those of writes that you answered with 5xx. A write is made for one revision of the instance; so an
instance that comes back by itself and is taken out again is another write, with another id.

Sluice waits 10 s for an answer. After 429 and 5xx it leaves the platform alone for a while, or as long as \`retry-after\` says (60 s at most), and then asks anew
how the instance stands. Answers beyond 32 MiB, redirects, and what does not fit these schemas are refused. Fields that they do not name are let be.`;

const problem = {
  description: 'Why, in words for people: they are told.',
  content: { 'text/plain': { schema: { type: 'string' } } },
};

/** OpenAPI 3.1 of what the webhook adapter calls. */
export function webhookApi(): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Traffic of a platform of your own', version: '1.1.0', description: about },
    servers: [{ url: 'https://platform.example/traffic', description: '`server` of the release' }],
    security: [{ signature: [] }],
    paths: Object.fromEntries(
      Object.keys(webhookOperations).map((name) => [`/${name}`, { post: operation(name as WebhookOperation) }]),
    ),
    components: {
      securitySchemes: {
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'webhook-signature',
          description: '`v1,` and base64; see above.',
        },
      },
      parameters: {
        id: header('webhook-id', 'The idempotency key: the same when a write is sent again.', {
          type: 'string',
          minLength: 1,
        }),
        timestamp: header('webhook-timestamp', 'When it was signed, in seconds since 1970.', {
          type: 'string',
          pattern: '^[0-9]+$',
        }),
      },
      schemas: webhookJsonSchemas(),
    },
  };
}

function operation(name: WebhookOperation): object {
  const { does, more, answer } = webhookOperations[name];
  const answered = answer === webhookInstanceSchema ? 'Instance' : webhookSchemaName(name, 'Answer');
  const isWrite = answer === webhookInstanceSchema;
  return {
    operationId: name,
    summary: does,
    description: more,
    parameters: [{ $ref: '#/components/parameters/id' }, { $ref: '#/components/parameters/timestamp' }],
    requestBody: { required: true, content: json(webhookSchemaName(name, 'Request')) },
    responses: {
      200: { description: isWrite ? 'The instance as it stands now.' : 'What there is.', content: json(answered) },
      401: problem,
      ...(isWrite && { 404: problem, 409: problem }),
      429: problem,
      503: problem,
    },
  };
}

const json = (schema: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } });

const header = (name: string, description: string, schema: object) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema,
});
