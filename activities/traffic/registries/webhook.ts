import { createHash, randomUUID } from 'node:crypto';
import type { RegistryRulesOf } from '../../../workflows/contract/registries.schema.ts';
import {
  type WebhookAnswer,
  type WebhookInstance,
  type WebhookOperation,
  type WebhookRequest,
  webhookOperations,
} from '../../../workflows/contract/webhookRegistry.schema.ts';
import type { RegistryClient } from './client.ts';
import { credentialsOf } from './credentials.ts';
import { excerpt, RegistryFailure } from './failure.ts';
import { type Listed, lookAmong } from './instances.ts';
import type { Registry, Stand } from './registry.ts';
import { signatureHeaders } from './webhookSignature.ts';

/**
 * A platform of the company's own, which speaks docs/webhook.openapi.json. One call looks at all instances. A write names the
 * revision that it was decided on, and its id is made of that: sent again it is the same one, and after any change another.
 */
export function webhookRegistry(
  { service, instance, credentials }: RegistryRulesOf<'webhook'>,
  client: RegistryClient,
): Registry {
  /** `id`: of the call; the same when it is sent again. */
  async function ask<O extends WebhookOperation>(operation: O, request: WebhookRequest<O>, id: string) {
    const body = JSON.stringify(request);
    const { secret } = await credentialsOf(credentials);
    if (secret === undefined) throw unsigned(credentials);
    const headers = { 'content-type': 'application/json', ...signatureHeaders(secret, id, body, Date.now()) };
    const { status, text } = await client.call({ method: 'POST', path: `/${operation}`, headers, body });
    if (status === 404) throw strange(operation, `404: ${excerpt(text)}`);
    return read(operation, text);
  }

  async function write<O extends 'take-out' | 'put-back' | 'weigh'>(
    operation: O,
    request: WebhookRequest<O>,
  ): Promise<void> {
    const id = createHash('sha256').update(JSON.stringify(request)).digest('hex');
    const { takenOut } = (await ask(operation, request, id)) as WebhookInstance;
    if (operation !== 'weigh' && takenOut !== (operation === 'take-out'))
      throw strange(operation, `takenOut: ${takenOut}`);
  }

  return {
    async look(pods) {
      const { instances } = await ask('instances', { type: 'instances', service }, randomUUID());
      const known = instances.filter(({ registered, takenOut }) => registered !== false || takenOut);
      const byId = new Map(known.map((one) => [one.id, standOf(one)]));
      const listing = {
        all: () => Promise.resolve(known.map(listed)),
        one: (id: string) => Promise.resolve(byId.get(id)),
      };
      return lookAmong(listing, instance, pods);
    },
    takeOut: (stand) => write('take-out', { type: 'take-out', service, ...seen(stand) }),
    putBack: (now, { state: { state } = {} }, weight) =>
      write('put-back', {
        type: 'put-back',
        service,
        ...seen(now),
        ...(state !== undefined && { state }),
        ...(weight !== undefined && { weight: weight.is }),
      }),
    weights: {
      decimals: 2,
      set: (now, { is: weight }) => write('weigh', { type: 'weigh', service, ...seen(now), weight }),
    },
    async services() {
      return (await ask('services', { type: 'services' }, randomUUID())).services;
    },
  };
}

const listed = ({ id, ip, port, metadata = {}, registered }: WebhookInstance): Listed => ({
  id,
  ip,
  port,
  metadata,
  isPlace: registered === false,
});

const standOf = ({ id, inTraffic, takenOut, weight, revision, state, registered }: WebhookInstance): Stand => ({
  id,
  inTraffic,
  takenOut,
  ...(registered === false && { held: 'place' }),
  ...(weight !== undefined && { weight }),
  state: { revision, ...(state !== undefined && { state }) },
});

const seen = ({ id, state }: Stand) => ({ instance: id, revision: state?.['revision'] ?? '' });

/** @throws RegistryFailure with what came and what should have */
function read<O extends WebhookOperation>(operation: O, text: string): WebhookAnswer<O> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw strange(operation, `no JSON: ${excerpt(text)}`);
  }
  const { success, data, error } = webhookOperations[operation].answer.safeParse(json);
  if (success) return data as WebhookAnswer<O>;
  const [issue] = error.issues;
  throw strange(operation, `${issue?.path.join('.') || 'all of it'}: ${issue?.message}, in ${excerpt(text)}`);
}

const strange = (operation: WebhookOperation, got: string): RegistryFailure =>
  new RegistryFailure(
    `What is at \`server\` does not answer ${operation} as it should; it says ${got}.`,
    'docs/webhook.openapi.json has what is expected. Correct `server`, or what answers there.',
  );

const unsigned = (credentials: string): RegistryFailure =>
  new RegistryFailure(
    `The credentials ${credentials} have no secret to sign with.`,
    'Put the secret that the platform has, too, as `secret` into that folder of the worker.',
  );
