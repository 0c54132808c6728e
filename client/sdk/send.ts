import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { MessageArguments, MessageName, Reply } from '../../workflows/contract/messages.ts';
import { releaseId, type Target } from '../../workflows/contract/names.ts';
import { translated } from './faults.ts';

/** How long a release may take to answer, in ms. */
const answerTimeoutMs = 15_000;

/**
 * Says something to a running release and waits for its answer.
 * @param options.updateId idempotency key: the same key gets the same answer and takes effect once. Default: a new one
 * @throws the release's own refusal (REFUSED, GATE_PASSED, ALREADY_DECIDED, NOT_ALLOWED, MESSAGE_INVALID, RELEASE_OVER),
 * RELEASE_NOT_FOUND, WORKER_ABSENT, TEMPORAL_*
 */
export async function sendMessage<Name extends MessageName>(
  client: Client,
  target: Target,
  message: Name,
  args: MessageArguments[Name],
  options: { readonly updateId?: string } = {},
): Promise<Reply> {
  const handle = client.workflow.getHandle(releaseId(target));
  return translated(
    () =>
      client.connection.withDeadline(Date.now() + answerTimeoutMs, () =>
        handle.executeUpdate<Reply, [MessageArguments[Name]]>(message, {
          args: [args],
          updateId: options.updateId ?? randomUUID(),
        }),
      ),
    'worker',
    target,
  );
}
