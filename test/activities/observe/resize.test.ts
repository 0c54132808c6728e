import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import type { Node, Pod, PodTemplate } from '../../../activities/kubernetes/wire.ts';
import type { Previewed } from '../../../activities/observe/preview.ts';
import { withResize } from '../../../activities/observe/resize.ts';
import type { ReleaseSpec } from '../../../workflows/contract/spec.ts';

const template = (cpu: string): PodTemplate => ({
  spec: { containers: [{ name: 'app', image: 'checkout:v1', resources: { requests: { cpu } } }] },
});
const pod = (cpu: string): Pod => ({
  metadata: { name: 'checkout-1', namespace: 'shop', uid: 'uid-1', resourceVersion: '7' },
  spec: { nodeName: 'node-1', containers: [{ name: 'app', resources: { requests: { cpu } } }] },
  status: { qosClass: 'Burstable' },
});

interface Cluster {
  readonly offers?: readonly string[];
  readonly allowed?: boolean;
  readonly kubelet?: string;
  readonly pods?: readonly Pod[];
  readonly mode?: ReleaseSpec['strategy']['mode'];
}

/** A fake: no API server and no kubelet that is older than ours can be had here. */
function previewIn({ offers = ['pods/resize'], allowed = true, kubelet = 'v1.34.4', pods, mode }: Cluster) {
  const kube = {
    get: async () => ({ resources: offers.map((name) => ({ name, verbs: ['get', 'patch', 'update'] })) }),
    create: async () => ({ status: { allowed } }),
    patch: async () => pod('200m'),
  } as unknown as Connection;
  const node = { metadata: { name: 'node-1' }, status: { nodeInfo: { kubeletVersion: kubelet } } } as unknown as Node;
  const preview = { from: 'f', source: { patch: {} }, images: { app: 'checkout:v1' }, differs: ['resources of app'] };
  const previewed: Previewed = { preview, to: template('200m') };
  return withResize(previewed, template('100m'), {
    kube,
    target: { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' },
    spec: { strategy: { mode: mode ?? 'InPlaceIfPossible' } } as ReleaseSpec,
    pods: pods ?? [pod('100m')],
    nodes: new Map([['node-1', node]]),
    signal: new AbortController().signal,
  });
}

describe('whether pods that live can be given other resources', () => {
  it('they can, also those that have them already', async () => {
    for (const pods of [undefined, [pod('200m')], [pod('0.1'), pod('200m')]]) {
      expect((await previewIn({ ...(pods && { pods }) })).resize).toEqual({
        from: { app: { requests: { cpu: '100m' }, limits: {} } },
        to: { app: { requests: { cpu: '200m' }, limits: {} } },
        restarts: [],
      });
    }
  });

  it.each<[string, Cluster, string]>([
    ['a cluster before 1.33', { offers: ['pods', 'pods/status'] }, 'has no pods/resize'],
    ['no permission', { allowed: false }, 'the worker may not patch pods/resize in shop'],
    ['a kubelet before 1.34', { kubelet: 'v1.33.9' }, 'node node-1 has kubelet v1.33.9'],
    ['a kubelet before 1.34 by a vendor', { kubelet: 'v1.32.1-gke.100' }, 'node node-1 has kubelet'],
    ['a pod that somebody else has resized', { pods: [pod('150m')] }, 'pod checkout-1 has other resources'],
  ])('they cannot, and it says why: %s', async (_, cluster, why) => {
    expect((await previewIn(cluster)).resize).toEqual({ impossible: expect.stringContaining(why) });
  });

  it('is not asked where pods are made anew by all means', async () => {
    expect((await previewIn({ mode: 'Recreate', offers: [] })).resize).toBeUndefined();
  });
});
