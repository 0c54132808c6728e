import { describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod } from '../../../activities/kubernetes/wire.ts';
import { judgePull } from '../../../activities/prePull/judgePull.ts';
import { at, noon, podOf } from '../kubernetes/pods.ts';

const image = 'registry.local/checkout:v2';
const rules = { since: at(0), timeoutMs: 60_000 };

/** A status of the container `app` as kubelet 1.34 with containerd writes it. */
const status = (imageID: string, state: ContainerStatus['state']): ContainerStatus => ({
  name: 'app',
  image,
  imageID,
  ready: false,
  started: false,
  restartCount: 0,
  state: state ?? {},
});
const waiting = (reason: string, message = '', imageID = '') => status(imageID, { waiting: { reason, message } });

const pod = (one: ContainerStatus | undefined, more: Partial<NonNullable<Pod['status']>> = {}): Pod => {
  const plain = podOf({ image, before: null, phase: 'Pending' });
  return { ...plain, status: { phase: 'Pending', containerStatuses: one ? [one] : [], ...more } };
};

const judge = (given: Pod, seconds = 5) => judgePull(given, rules, noon + seconds * 1000);

describe('pulled', () => {
  it('when its program was not found in the image: exit code 128', () => {
    const terminated = { exitCode: 128, reason: 'StartError', startedAt: '1970-01-01T00:00:00Z' };
    expect(judge(pod(status('r/checkout@sha256:aa', { terminated }), { phase: 'Failed' }))).toEqual({ is: 'done' });
  });

  it.each(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'])(
    'when kubelet stumbles over something later, though it tells no imageID: %s',
    (reason) => expect(judge(pod(waiting(reason, 'image will run as root')))).toEqual({ is: 'done' }),
  );

  it('only when every container has its image', () => {
    const two = pod(status('r/checkout@sha256:aa', { terminated: { exitCode: 128 } }));
    const both = { ...two, spec: { ...two.spec, containers: [...two.spec.containers, { name: 'side', image }] } };
    expect(judge(both)).toMatchObject({ is: 'waiting' });
  });
});

describe('not there for this node: the release must not go on', () => {
  const pullFailed = (text: string) => `failed to pull and unpack image "${image}": ${text}`;
  it.each([
    [
      'ErrImagePull',
      `rpc error: code = NotFound desc = ${pullFailed(`failed to resolve reference: ${image}: not found`)}`,
    ],
    [
      'ImagePullBackOff',
      `Back-off pulling image "${image}": ErrImagePull: rpc error: code = NotFound desc = ${image}: not found`,
    ],
    ['ErrImagePull', pullFailed('no match for platform in manifest sha256:aa: not found')],
    [
      'ErrImagePull',
      pullFailed('failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized'),
    ],
    ['ErrImagePull', pullFailed('pull access denied, repository does not exist or may require authorization')],
    ['ErrImagePull', 'reading manifest v2 in registry.local/checkout: manifest unknown'],
    ['InvalidImageName', "couldn't parse image name"],
  ])('%s: %s', (reason, message) => {
    expect(judge(pod(waiting(reason, message)))).toEqual({
      is: 'failed',
      code: 'IMAGE_PULL_FAILED',
      reason: `${reason}: ${message}`,
    });
  });

  it('nor when it failed for another reason until the time was over', () => {
    const away = pod(waiting('ImagePullBackOff', `Back-off pulling image "${image}": connection refused`));
    expect(judge(away, 61)).toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      reason: expect.stringContaining('within 1m: '),
    });
  });
});

describe('may pass by itself', () => {
  it.each([
    ['ErrImagePull', 'dial tcp 10.0.0.1:443: connect: connection refused'],
    ['ErrImagePull', 'lookup registry.local on 10.96.0.10:53: no such host'],
    ['ErrImagePull', '429 Too Many Requests: toomanyrequests: You have reached your pull rate limit'],
    ['ImagePullBackOff', `Back-off pulling image "${image}"`],
    ['ContainerCreating', ''],
  ])('%s: %s', (reason, message) => {
    expect(judge(pod(waiting(reason, message)))).toEqual({ is: 'waiting', again: noon + 60_000 });
  });

  it('a pod that kubelet has not seen yet', () => expect(judge(pod(undefined))).toMatchObject({ is: 'waiting' }));
});

describe('nobody knows', () => {
  it('when the node has no room for the pod', () => {
    const full = pod(undefined, {
      phase: 'Failed',
      reason: 'OutOfpods',
      message: "Node didn't have enough resource: pods",
    });
    expect(judge(full)).toEqual({
      is: 'failed',
      code: 'PRE_PULL_FAILED',
      reason: "OutOfpods: Node didn't have enough resource: pods",
    });
  });

  it('when it is still pulling when the time is over', () => {
    expect(judge(pod(waiting('ContainerCreating')), 60)).toEqual({
      is: 'failed',
      code: 'PRE_PULL_FAILED',
      reason: 'not pulled within 1m',
    });
  });
});
