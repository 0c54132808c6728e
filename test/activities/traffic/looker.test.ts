import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import { lookerIn } from '../../../activities/traffic/looker.ts';

// The API server is scripted here: states that take minutes on a kubelet. It runs for real in test/e2e/looker.test.ts.
const image = `r.test/busybox@sha256:${'1'.repeat(64)}`;
const ended = (exitCode: number, agoMs: number) => ({
  terminated: { exitCode, reason: 'Error', finishedAt: new Date(Date.now() - agoMs).toISOString() },
});

interface Own {
  readonly name: string;
  readonly state?: object;
  readonly lastState?: object;
  readonly image?: string;
}

const podWith = (own: readonly Own[]): Pod => ({
  metadata: { name: 'shop-1', namespace: 'shop', uid: 'uid-1', resourceVersion: '7' },
  spec: { containers: [], ephemeralContainers: own.map(({ name, image: of = image }) => ({ name, image: of })) },
  status: {
    ephemeralContainerStatuses: own.flatMap(({ name, state, lastState }) =>
      state === undefined
        ? []
        : [{ name, state, ...(lastState && { lastState }), ready: false, restartCount: 0, image, imageID: '' }],
    ),
  },
});

async function ask(there: Pod | undefined) {
  const added: string[] = [];
  const kube = {
    find: async () => there,
    patch: async (_resource: unknown, _at: unknown, body: { spec: { ephemeralContainers: { name: string }[] } }) => {
      added.push(...body.spec.ephemeralContainers.map(({ name }) => name));
      return there;
    },
  } as unknown as Connection;
  return { looker: await lookerIn(kube, podWith([]), { image }), added };
}

describe('the ephemeral container that looks', () => {
  it.each<[string, readonly Own[], string[], object]>([
    [
      'is added where there is none',
      [],
      ['sluice-look'],
      { reason: 'its ephemeral container sluice-look does not run yet' },
    ],
    ['is used while it runs', [{ name: 'sluice-look', state: { running: {} } }], [], { name: 'sluice-look' }],
    [
      'is waited for while its node has not said a word',
      [{ name: 'sluice-look' }],
      [],
      { reason: 'its ephemeral container sluice-look does not run yet' },
    ],
    [
      'is waited for while it is pulled',
      [{ name: 'sluice-look', state: { waiting: { reason: 'ContainerCreating' } } }],
      [],
      { reason: 'its ephemeral container sluice-look does not run yet (ContainerCreating)' },
    ],
    [
      'is followed by another one when its time is over',
      [{ name: 'sluice-look', state: ended(0, 1_000) }],
      ['sluice-look-2'],
      { reason: 'its ephemeral container sluice-look-2 does not run yet' },
    ],
    [
      'is not followed at once when it ended badly',
      [{ name: 'sluice-look', state: ended(255, 1_000) }],
      [],
      { reason: 'its ephemeral container sluice-look ended with 255 (Error)' },
    ],
    [
      'is followed by another one when it ended badly long ago, as with a node that was restarted',
      [{ name: 'sluice-look', state: ended(255, 120_000) }],
      ['sluice-look-2'],
      { reason: 'its ephemeral container sluice-look-2 does not run yet' },
    ],
    [
      'that could not be started is not waited for for ever',
      [{ name: 'sluice-look', state: { waiting: { reason: 'RunContainerError' } }, lastState: ended(128, 120_000) }],
      ['sluice-look-2'],
      { reason: 'its ephemeral container sluice-look-2 does not run yet' },
    ],
    [
      'of another image does not count',
      [{ name: 'sluice-look', image: 'r.test/other', state: { running: {} } }],
      ['sluice-look-2'],
      { reason: 'its ephemeral container sluice-look-2 does not run yet' },
    ],
    [
      'beside those of people has a name of its own',
      [{ name: 'debugger-x7', state: { running: {} } }],
      ['sluice-look'],
      { reason: 'its ephemeral container sluice-look does not run yet' },
    ],
  ])('%s', async (_, own, added, looker) => {
    expect(await ask(podWith(own))).toEqual({ looker, added });
  });

  it('is not put into another pod of that name', async () => {
    const pod = podWith([]);
    const other = { ...pod, metadata: { ...pod.metadata, uid: 'uid-2' } };
    expect(await ask(other)).toEqual({ looker: 'gone', added: [] });
    expect(await ask(undefined)).toEqual({ looker: 'gone', added: [] });
  });
});
