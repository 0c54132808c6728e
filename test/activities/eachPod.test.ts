import { describe, expect, it } from 'vitest';
import { eachPod } from '../../activities/eachPod.ts';
import { answerFailure } from '../../activities/kubernetes/kubernetesFailure.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `pod-${index}` }));
const asked = { verb: 'patch', resource: 'pods', at: 'shop/x', missing: 'NO_PODS' } as const;
const answers = (status: number) => answerFailure(asked, status, '', undefined);
const never = new AbortController().signal;

describe('eachPod', () => {
  it('works on sixteen at once, and on each exactly once', async () => {
    let now = 0;
    let most = 0;
    const seen: string[] = [];
    const answer = await eachPod(names(100), never, async ({ name }) => {
      seen.push(name);
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return 'done';
    });
    expect(most).toBe(16);
    expect(seen.toSorted()).toEqual(
      names(100)
        .map(({ name }) => name)
        .toSorted(),
    );
    expect(answer.done).toHaveLength(100);
  });

  it('answers for each pod what its error means', async () => {
    const errors = [
      answers(404),
      answers(403),
      answers(422),
      answers(409),
      answers(503),
      new SluiceError('DRAIN_TIMEOUT', 'busy'),
    ];
    const answer = await eachPod(names(7), never, async ({ name }) => {
      const error = errors[Number(name.slice(4))];
      if (error) throw error;
      return 'done';
    });
    expect(answer).toEqual({
      done: ['pod-6'],
      gone: ['pod-0'],
      later: ['pod-3', 'pod-4'],
      failed: [
        { pod: 'pod-1', code: 'PATCH_REFUSED', reason: expect.any(String) },
        { pod: 'pod-2', code: 'PATCH_REFUSED', reason: expect.any(String) },
        { pod: 'pod-5', code: 'DRAIN_TIMEOUT', reason: 'busy' },
      ],
    });
  });

  it('throws when nothing could be done for the moment, so that Temporal backs off', async () => {
    await expect(eachPod(names(3), never, () => Promise.reject(answers(503)))).rejects.toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
    });
  });

  it('throws what nobody expected', async () => {
    await expect(eachPod(names(3), never, () => Promise.reject(new TypeError('x')))).rejects.toThrow(TypeError);
  });

  it('stops before the next pod when it is cancelled', async () => {
    const ending = new AbortController();
    let count = 0;
    const running = eachPod(names(100), ending.signal, async () => {
      count += 1;
      if (count === 20) ending.abort(new Error('cancelled'));
      return 'done';
    });
    await expect(running).rejects.toThrow('cancelled');
    expect(count).toBeLessThan(40);
  });
});
