import { describe, expect, it } from 'vitest';
import { type Asked, answerFailure, networkFailure } from '../../../activities/kubernetes/kubernetesFailure.ts';

const patch: Asked = { verb: 'patch', resource: 'pods', at: 'shop/checkout-1', missing: 'NO_PODS' };
const get: Asked = { ...patch, verb: 'get' };
const status = (message: string, reason = '') =>
  JSON.stringify({ kind: 'Status', message, reason, details: { secret: 'hunter2' } });

describe('answerFailure', () => {
  it.each<[string, Asked, number, string, string]>([
    ['no login', get, 401, 'Unauthorized', 'FORBIDDEN'],
    ['RBAC', patch, 403, 'pods "a" is forbidden: User "x" cannot patch resource "pods" in API group ""', 'FORBIDDEN'],
    ['a webhook', patch, 403, 'admission webhook "scan.io" denied the request: not scanned', 'PATCH_REFUSED'],
    ['Pod Security', patch, 403, 'pods "a" is forbidden: violates PodSecurity "restricted:latest"', 'PATCH_REFUSED'],
    ['a quota', patch, 403, 'exceeded quota: compute', 'PATCH_REFUSED'],
    ['a policy', patch, 422, 'ValidatingAdmissionPolicy denied request: no', 'PATCH_REFUSED'],
    ['not found', patch, 404, 'pods "a" not found', 'NO_PODS'],
    ['conflict', patch, 409, 'the object has been modified', 'CONFLICT'],
    ['bad request', patch, 400, 'strict decoding error', 'PATCH_REFUSED'],
    ['our own mistake', get, 400, 'unable to parse selector', 'INTERNAL'],
    ['too many requests', get, 429, 'too many requests', 'CLUSTER_UNREACHABLE'],
    ['a webhook that does not answer', patch, 500, 'failed calling webhook', 'CLUSTER_UNREACHABLE'],
    ['unavailable', get, 503, '', 'CLUSTER_UNREACHABLE'],
  ])('%s', (_, asked, code, message, expected) => {
    const failure = answerFailure(asked, code, status(message), undefined);
    expect(failure.code).toBe(expected);
    expect(failure.message).toBe(`${asked.verb} pods shop/checkout-1: ${message || `HTTP ${code}`}`);
    expect(JSON.stringify(failure) + failure.message).not.toContain('hunter2');
  });

  it('repeats nothing of a body that is not a Status', () => {
    const failure = answerFailure(get, 502, '<html>session=hunter2</html>', undefined);
    expect(failure.message).toBe('get pods shop/checkout-1: HTTP 502');
  });
});

describe('networkFailure', () => {
  it('says which server and why, also where the error hides it', () => {
    const refused = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
    expect(networkFailure(get, 'https://k8s:6443', refused).message).toBe(
      'get pods shop/checkout-1: no answer from https://k8s:6443: ECONNREFUSED',
    );
  });
});
