import { expect, it } from 'vitest';
import { untilHeard } from '../../../client/sdk/send.ts';

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
