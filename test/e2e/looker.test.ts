import { once } from 'node:events';
import { connect as connectTo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connect } from '../../activities/kubernetes/connection.ts';
import { loadKubeConfig } from '../../activities/kubernetes/kubeConfig.ts';
import { isReady } from '../../activities/kubernetes/podState.ts';
import { pods } from '../../activities/kubernetes/resources.ts';
import type { Pod } from '../../activities/kubernetes/wire.ts';
import { resolveDigest } from '../../activities/registry/resolveDigest.ts';
import { inspectSilence } from '../../activities/traffic/inspectSilence.ts';
import { createLook } from '../../activities/traffic/look.ts';
import type { LookerRules } from '../../activities/traffic/looker.ts';
import { sampleImage } from '../../local/sample.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { eventually } from '../kwok/activities/fixtures.ts';
import { openKubectl } from '../support/kubectl.ts';

/** Silence at images with nothing in them but their program, on a real kubelet, in a namespace of restricted pods. */

const stack = inject('kubelet');
const namespace = `looker-${process.pid}`;
const kubectl = openKubectl(stack.kubectl, stack.environment.KUBECONFIG, namespace);
const kube = connect(loadKubeConfig({ kubeconfig: stack.environment.KUBECONFIG }));
const { signal } = new AbortController();
const app = sampleImage('v1-bare', stack.registry);
let rules: LookerRules;

const pinned = async (image: string): Promise<string> => {
  const found = await resolveDigest(image, signal);
  if (!('digest' in found)) throw new Error(`The registry has no ${image}.`);
  return `${image.replace(/:[^:/]*$/, '')}@${found.digest}`;
};

beforeAll(async () => {
  await kubectl.run('create', 'namespace', namespace);
  await kubectl.run('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
  rules = { image: await pinned(sampleImage('v1', stack.registry)) };
});
afterAll(async () => {
  await kubectl.run('delete', 'namespace', namespace, '--wait=false');
  await kube.close();
});

async function startPod(name: string, more: object = {}): Promise<Pod> {
  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const container = { name: 'app', image: app, ports: [{ containerPort: 8080 }], securityContext };
  await kubectl.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { nodeSelector: { 'sluice.dev/fleet': 'containerd' }, containers: [container], ...more },
  });
  return eventually(async () => {
    const pod = await read(name);
    return isReady(pod) && pod;
  });
}

const read = (name: string): Promise<Pod> => kube.get(pods, { namespace, name });
const added = ({ spec }: Pod): readonly string[] => (spec.ephemeralContainers ?? []).map(({ name }) => name).toSorted();

describe('an ephemeral container', () => {
  it('sees who is connected to a pod whose image has nothing in it, which stays the pod that it is', async () => {
    const pod = await startPod('bare');
    const look = createLook();
    expect(await look(kube, pod, signal)).toMatchObject({ kind: 'unprovable' });
    expect(added(await read('bare'))).toEqual([]);

    const socket = connectTo(8080, pod.status?.podIP ?? '');
    await once(socket, 'connect');
    try {
      const first = await look(kube, pod, signal, rules);
      expect(first).toEqual({ kind: 'failed', reason: expect.stringContaining('sluice-look does not run yet') });
      const seen = await eventually(async () => {
        const sight = await look(kube, pod, signal, rules);
        return sight.kind === 'seen' && sight;
      });
      expect([...seen.callers, ...seen.fromNode].map(({ remote }) => remote.split(':').at(-1))).toContain(
        String(socket.localPort),
      );
    } finally {
      socket.destroy();
    }
    await eventually(async () => {
      const sight = await look(kube, pod, signal, rules);
      return sight.kind === 'seen' && sight.callers.length === 0;
    });

    const after = await read('bare');
    expect(added(after)).toEqual(['sluice-look']);
    expect(after.metadata.uid).toBe(pod.metadata.uid);
    expect(after.status?.podIP).toBe(pod.status?.podIP);
    expect(after.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, ready: true });
    expect(isReady(after)).toBe(true);

    // Whoever comes next, another worker and other rules too, uses the one that is there.
    expect(await createLook()(kube, after, signal)).toMatchObject({ kind: 'seen' });
    expect(await createLook()(kube, after, signal, rules)).toMatchObject({ kind: 'seen' });
    expect(added(await read('bare'))).toEqual(['sluice-look']);

    // It does not hold up the end of its pod, whose grace period is 30 s.
    const startedMs = Date.now();
    await kubectl.run('delete', 'pod', 'bare');
    expect(Date.now() - startedMs).toBeLessThan(20_000);
  });

  it('is added once by several workers that look at the same time', async () => {
    const pod = await startPod('together');
    const looks = [createLook(), createLook(), createLook()];
    await Promise.all(looks.map((look) => look(kube, pod, signal, rules)));
    await eventually(async () => {
      const sights = await Promise.all(looks.map((look) => look(kube, pod, signal, rules)));
      return sights.every(({ kind }) => kind === 'seen');
    });
    expect(added(await read('together'))).toEqual(['sluice-look']);
  });

  it('that cannot run proves nothing, and is not added again and again', async () => {
    const pod = await startPod('useless');
    // The program is the only thing in it: no sh.
    const useless: LookerRules = { image: await pinned(app) };
    const look = createLook();
    const sight = await eventually(async () => {
      const seen = await look(kube, pod, signal, useless);
      return seen.kind === 'failed' && seen.reason.includes('ended with') && seen;
    });
    expect(sight.reason).toContain('sluice-look ended with 128');
    expect(await look(kube, pod, signal, useless)).toEqual(sight);
    expect(added(await read('useless'))).toEqual(['sluice-look']);
    // Another image is another one.
    await eventually(async () => (await look(kube, pod, signal, rules)).kind === 'seen');
    expect(added(await read('useless'))).toEqual(['sluice-look', 'sluice-look-2']);
  });

  it('that cannot be pulled is named with the reason', async () => {
    const pod = await startPod('absent');
    const absent: LookerRules = { image: `${stack.registry}/nothing@sha256:${'0'.repeat(64)}` };
    const look = createLook();
    const reason = await eventually(async () => {
      const seen = await look(kube, pod, signal, absent);
      return seen.kind === 'failed' && seen.reason.includes('Pull') && seen.reason;
    });
    expect(reason).toMatch(/sluice-look does not run yet \((ErrImagePull|ImagePullBackOff): /);
  });

  it('is refused before anything is touched where the cluster lets nobody add one', async () => {
    const pod = await startPod('guarded');
    await expect(inspectSilence(kube, [pod], { ephemeralContainer: rules }, signal)).resolves.toBeUndefined();
    const name = `no-debugging-${process.pid}`;
    const resourceRules = [
      { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['pods/ephemeralcontainers'] },
    ];
    const policy = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        matchConstraints: { resourceRules },
        validations: [{ expression: 'false', message: 'nobody debugs here' }],
      },
    };
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    const binding = {
      ...policy,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: name, validationActions: ['Deny'], matchResources: { namespaceSelector } },
    };
    await kubectl.apply(policy, binding);
    try {
      await eventually(async () => {
        const refused: unknown = await inspectSilence(kube, [pod], { ephemeralContainer: rules }, signal).catch(
          (error: unknown) => error,
        );
        return refused instanceof SluiceError && refused.code === 'PATCH_REFUSED';
      });
      expect(await createLook()(kube, pod, signal, rules)).toEqual({
        kind: 'failed',
        reason: expect.stringContaining('nobody debugs here'),
      });
    } finally {
      await kubectl.run('delete', 'validatingadmissionpolicybinding,validatingadmissionpolicy', name);
    }
    expect(added(await read('guarded'))).toEqual([]);
  });
});
