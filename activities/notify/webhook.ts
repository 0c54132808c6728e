import { request } from 'undici';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { NotifyTarget } from '../../workflows/contract/spec.ts';
import { failureText } from '../failureText.ts';
import type { Notifier } from '../ports.ts';

export type WebhookSpec = Extract<NotifyTarget, { webhook: unknown }>['webhook'];

const timeoutMs = 10_000;

/**
 * POSTs the event as JSON. Any 2xx is an answer. It may arrive twice when an answer is lost: `idempotency-key` is the
 * same then. @throws NOTIFY_FAILED, with the host only: paths of webhooks are often secrets
 */
export function webhookNotifier({ url }: WebhookSpec, { signal }: { readonly signal: AbortSignal }): Notifier {
  return {
    key: 'webhook',
    async send(event) {
      const fail = (why: string): SluiceError =>
        new SluiceError('NOTIFY_FAILED', `The webhook at ${new URL(url).host} was not told: ${why}.`);
      let statusCode: number;
      try {
        const response = await request(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'user-agent': 'sluice',
            'idempotency-key': `${event.run}/${event.kind}/${event.at}`,
          },
          body: JSON.stringify(event),
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        });
        await response.body.dump().catch(() => undefined);
        statusCode = response.statusCode;
      } catch (error) {
        signal.throwIfAborted();
        throw fail(failureText(error, timeoutMs));
      }
      if (statusCode < 200 || statusCode > 299) throw fail(`it answered ${statusCode}`);
    },
  };
}
