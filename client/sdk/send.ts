import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { MessageArguments, MessageName, Reply } from '../../workflows/contract/messages.ts';
import { releaseId, type Target } from '../../workflows/contract/names.ts';
import { translated } from './faults.ts';

/** How long a release may take to answer, in ms. */
const answerTimeoutMs = 15_000;

/**
 * Says something to a running release and waits for its answer.
 * @param options.updateId idempotency key: the same key gets the same answer and takes effect once. Default: a new one
 * @param options.timeoutMs how long the answer may take. Default: 15 s
 * @throws the release's own refusal (REFUSED, GATE_PASSED, ALREADY_DECIDED, NOT_ALLOWED, MESSAGE_INVALID, RELEASE_OVER),
 * RELEASE_NOT_FOUND, WORKER_ABSENT, TEMPORAL_*
 */
export async function sendMessage<Name extends MessageName>(
  client: Client,
  target: Target,
  message: Name,
  args: MessageArguments[Name],
  options: { readonly updateId?: string; readonly timeoutMs?: number } = {},
): Promise<Reply> {
  const handle = client.workflow.getHandle(releaseId(target));
  const deadline = Date.now() + (options.timeoutMs ?? answerTimeoutMs);
  const updateId = options.updateId ?? randomUUID();
  const say = (): Promise<Reply> =>
    client.connection.withDeadline(deadline, () =>
      handle.executeUpdate<Reply, [MessageArguments[Name]]>(message, { args: [args], updateId }),
    );
  return translated(() => untilHeard(say, deadline), 'worker', target);
}

/**
 * Says it again where the server dropped it before the release could hear it: when it comes at the moment at which the
 * release goes on in a new run, the server refuses that step and forgets what came meanwhile.
 * @param deadline ms since 1970; after it what `say` throws is thrown
 */
export async function untilHeard<T>(say: () => Promise<T>, deadline: number): Promise<T> {
  for (;;) {
    try {
      return await say();
    } catch (error) {
      if (!isDropped(error) || Date.now() >= deadline) throw error;
      await sleep(200);
    }
  }
}

/** The client may wrap what the server said. */
function isDropped(error: unknown): boolean {
  if (isGrpcServiceError(error)) return error.details.includes('unexpected workflow task failure');
  return error instanceof Error && isDropped(error.cause);
}
