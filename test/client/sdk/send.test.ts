import { type Client, WorkflowNotFoundError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { sendMessage, untilHeard } from '../../../client/sdk/send.ts';
import type { MessageName } from '../../../workflows/contract/messages.ts';

/** As grpc-js throws it, inside what the Temporal client makes of it. */
function refusal(details: string): Error {
  const cause = Object.assign(new Error(`9 FAILED_PRECONDITION: ${details}`), { code: 9, details, metadata: {} });
  return new Error('Workflow Update failed', { cause });
}
const dropped = refusal('Unable to perform workflow execution update due to unexpected workflow task failure.');
const soon = (): number => Date.now() + 60_000;

it('a message that the server dropped as the release went on in a new run is said again', async () => {
  const answers = [dropped, dropped];
  const say = async (): Promise<string> => {
    const error = answers.shift();
    if (error !== undefined) throw error;
    return 'paused';
  };
  expect(await untilHeard(say, soon())).toBe('paused');
});

it.each([
  ['it goes on until the deadline', dropped, () => Date.now()],
  ['it was refused for another reason', refusal('Workflow Task in failed state'), soon],
])('the error is thrown when %s', async (_when, error, deadline) => {
  await expect(untilHeard(() => Promise.reject(error), deadline())).rejects.toBe(error);
});

describe('where no worker answers', () => {
  const target = { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' };
  const args = { by: 'anna', gate: 'after-gray', run: 'r1', batch: 'batch-2', spec: {} };

  /** A Temporal whose updates nobody takes, and which keeps signals while the release runs. */
  function nobody({
    ended = false,
    silence = new WorkflowUpdateRPCTimeoutOrCancelledError('timed out'),
  }: {
    ended?: boolean;
    silence?: Error;
  } = {}): { client: Client; signals: unknown[] } {
    const signals: unknown[] = [];
    const handle = {
      executeUpdate: () => Promise.reject(silence),
      describe: () => Promise.resolve({ raw: { workflowExecutionInfo: { firstRunId: 'r1' } } }),
      signal: (...said: unknown[]) => {
        if (ended) return Promise.reject(new WorkflowNotFoundError('workflow execution already completed', 'id', 'r1'));
        signals.push(said);
        return Promise.resolve();
      },
    };
    const connection = { withDeadline: (_: number, act: () => unknown) => act() };
    return { client: { workflow: { getHandle: () => handle }, connection } as unknown as Client, signals };
  }

  it.each([
    ['rollback', 'rollback'],
    ['pause', 'pause'],
    ['approve', 'approval'],
    ['reject', 'rejection'],
  ] as const)('%s is kept, and that is said', async (name, noun) => {
    const { client, signals } = nobody();
    await expect(sendMessage(client, target, name, args)).rejects.toMatchObject({
      code: 'WORKER_ABSENT',
      message: expect.stringContaining(`Temporal keeps the ${noun}:`),
      next: expect.stringContaining('sluice worker'),
      details: { kept: true },
    });
    expect(signals).toEqual([[name, args]]);
  });

  it.each<MessageName>(['resume', 'changePlan', 'skipTo', 'takeOver', 'adopt', 'supersede', 'handOver', 'takeBack'])(
    'a %s is not: it may be wrong by then, or has an answer that people need',
    async (name) => {
      const { client, signals } = nobody();
      await expect(sendMessage(client, target, name, args)).rejects.toMatchObject({
        code: 'WORKER_ABSENT',
        next: expect.stringContaining('It is not kept'),
        details: { kept: false },
      });
      expect(signals).toEqual([]);
    },
  );

  it('what names no release is kept for the one that runs now, not for the next', async () => {
    const { client, signals } = nobody();
    await expect(sendMessage(client, target, 'rollback', { by: 'anna' })).rejects.toMatchObject({
      code: 'WORKER_ABSENT',
    });
    expect(signals).toEqual([['rollback', { by: 'anna', run: 'r1' }]]);
  });

  it('where workers are there whose code fails, it says so, and does not ask for one more', async () => {
    const { client } = nobody({ silence: refusal('Workflow Task in failed state') });
    await expect(sendMessage(client, target, 'rollback', args)).rejects.toMatchObject({
      message: expect.stringContaining('their code fails'),
      next: expect.stringMatching(/^Their log has the reason.*Nobody has to say it again/),
    });
  });

  it('nothing is said to be kept where the release has ended meanwhile', async () => {
    const { client } = nobody({ ended: true });
    await expect(sendMessage(client, target, 'rollback', args)).rejects.toMatchObject({ code: 'RELEASE_OVER' });
  });
});
