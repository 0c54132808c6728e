import type { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { activity } from '../../activities/call.ts';
import { answerFailure } from '../../activities/kubernetes/kubernetesFailure.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';

const asked = { verb: 'get', resource: 'pods', at: 'shop/checkout-1', missing: 'NO_PODS' } as const;
// Failures are asserted, not read.
const logger = new DefaultLogger('ERROR');

/** What Temporal gets from an activity that throws `error` at that attempt. */
async function failureOf(error: unknown, attempt = 1): Promise<ApplicationFailure> {
  const failing = activity(async () => {
    throw error;
  });
  try {
    await new MockActivityEnvironment({ attempt }, { logger }).run(failing, {});
  } catch (thrown) {
    return thrown as ApplicationFailure;
  }
  return expect.unreachable();
}

describe('the failure of an activity', () => {
  it('carries code, next step and whether to try again', async () => {
    const forbidden = await failureOf(new SluiceError('FORBIDDEN', 'no', { details: { missing: ['patch pods'] } }));
    expect(forbidden).toMatchObject({ type: 'FORBIDDEN', message: 'no', nonRetryable: true });
    expect(forbidden.details).toEqual([{ next: expect.stringContaining('Grant'), missing: ['patch pods'] }]);
    expect(await failureOf(answerFailure(asked, 503, '', '7'))).toMatchObject({
      type: 'CLUSTER_UNREACHABLE',
      nonRetryable: false,
      nextRetryDelay: 7_000,
    });
    expect((await failureOf(answerFailure(asked, 503, '', 'soon'))).nextRetryDelay).toBeUndefined();
  });

  it('of a server that is away is tried again for as long as it takes', async () => {
    expect(await failureOf(answerFailure(asked, 503, '', undefined), 10_000)).toMatchObject({ nonRetryable: false });
  });

  it('that nobody foresaw is tried again for a while, and then told: a fault of the code passes with no try', async () => {
    const unforeseen = new TypeError('x is undefined');
    expect(await failureOf(unforeseen, 9)).toMatchObject({ type: 'INTERNAL', nonRetryable: false });
    expect(await failureOf(unforeseen, 10)).toMatchObject({
      type: 'INTERNAL',
      nonRetryable: true,
      message: expect.stringContaining('x is undefined'),
    });
  });
});
