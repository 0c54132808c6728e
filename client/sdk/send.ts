import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { MessageArguments, MessageName, Reply } from '../../workflows/contract/messages.ts';
import { releaseId, type Target } from '../../workflows/contract/names.ts';
import { translated } from './faults.ts';
import { runOf } from './namedRun.ts';

/** How long a release may take to answer, in ms. */
const answerTimeoutMs = 15_000;

/**
 * What is kept where no worker answers: whatever stops a release or names its gate is as right when it is heard late. An update
 * that no worker has taken is in the memory of the server alone, so it is said once more as a signal, which is in the history.
 * Heard twice, the second one is refused and changes nothing: ALREADY_DECIDED, GATE_PASSED. It names the release that runs when it is
 * said, and so never reaches the next one.
 */
const keptNouns = { rollback: 'rollback', pause: 'pause', approve: 'approval', reject: 'rejection' } as const;
const isKept = (message: MessageName): message is keyof typeof keptNouns => message in keptNouns;

/**
 * Says something to a running release and waits for its answer. Where no worker gives one, `rollback`, `pause`, `approve` and
 * `reject` are kept until one is there, and WORKER_ABSENT says so (`kept: true` among its details).
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
  const before = <T>(end: number, call: () => Promise<T>): Promise<T> => client.connection.withDeadline(end, call);
  const atServer = <T>(end: number, call: () => Promise<T>): Promise<T> =>
    translated(() => before(end, call), 'temporal', target);

  const isNamed = args.run !== undefined || !isKept(message);
  const run = isNamed ? args.run : runOf(await atServer(deadline, () => handle.describe()));
  const said = { ...args, ...(run !== undefined && { run }) };
  const say = (): Promise<Reply> =>
    before(deadline, () => handle.executeUpdate<Reply, [MessageArguments[Name]]>(message, { args: [said], updateId }));
  try {
    return await translated(() => untilHeard(say, deadline), 'worker', target);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'WORKER_ABSENT') throw error;
    if (!isKept(message)) throw unheard(error, message);
    await atServer(Date.now() + answerTimeoutMs, () => handle.signal(message, said));
    throw kept(error, message);
  }
}

const kept = (cause: SluiceError, message: keyof typeof keptNouns): SluiceError =>
  new SluiceError(
    'WORKER_ABSENT',
    `${cause.message} Nothing has happened yet, but Temporal keeps the ${keptNouns[message]}: the release hears it as soon as a worker can take it.`,
    {
      next: `${cause.next} \`sluice status --watch\` then shows what became of it. Nobody has to say it again, and saying it again does no harm.`,
      details: { kept: true },
      cause,
    },
  );

/** Temporal may still have it in memory. */
const unheard = (cause: SluiceError, message: MessageName): SluiceError =>
  new SluiceError('WORKER_ABSENT', `${cause.message} Nobody may have heard the ${message}.`, {
    next: `${cause.next} It is not kept: look with \`sluice status\` whether it was heard, and else say it again. A rollback, a pause, an approval or a rejection would be kept.`,
    details: { kept: false },
    cause,
  });

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
