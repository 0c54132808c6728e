import { KubeConfig } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { connect } from '../../../activities/kubernetes/connection.ts';
import { answerFailure } from '../../../activities/kubernetes/kubernetesFailure.ts';
import { PodWatch } from '../../../activities/kubernetes/podWatch.ts';
import type { Connection, WatchEvent } from '../../../activities/kubernetes/types.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import { podOf } from './pods.ts';

const pod = (name: string, version: string): Pod =>
  podOf({ image: 'a:1', metadata: { name, uid: `uid-${name}`, resourceVersion: version } });

type Turn =
  | { readonly list: readonly Pod[]; readonly at: string }
  | { readonly events: readonly WatchEvent<Pod>[]; readonly fails?: number };

/** An API server that answers as the script says: what a real one does only by the hour (410) or by luck. */
function scripted(turns: Turn[]): { readonly kube: Connection; readonly asked: string[] } {
  const asked: string[] = [];
  const about = { verb: 'watch', resource: 'pods', at: 'shop', missing: 'NO_PODS' } as const;
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server: 'https://localhost:1', skipTLSVerify: true }, { name: 'u' });
  const kube: Connection = {
    ...connect(config),
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as the port has it
    async list<T>() {
      asked.push('list');
      const turn = turns.shift();
      if (!turn || !('list' in turn)) throw answerFailure(about, 503, '', undefined);
      const items: readonly unknown[] = turn.list;
      return { items: items as readonly T[], resourceVersion: turn.at };
    },
    async *watch<T>(_resource: unknown, _where: unknown, version: string) {
      asked.push(`watch from ${version}`);
      const turn = turns.shift();
      if (!turn || !('events' in turn)) return new Promise<never>(() => undefined);
      for (const event of turn.events) yield event as WatchEvent<T>;
      if (turn.fails !== undefined) throw answerFailure(about, turn.fails, '', undefined);
    },
    with: () => kube,
  };
  return { kube, asked };
}

/** Until the watch shows these pods. */
function shows(watch: PodWatch, expected: readonly string[]): Promise<void> {
  const seen = () => watch.all().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
  return new Promise((resolve) => {
    const look = () => {
      if (JSON.stringify(seen().toSorted()) !== JSON.stringify(expected)) return;
      stop();
      resolve();
    };
    const stop = watch.subscribe(look);
    look();
  });
}

describe('PodWatch', () => {
  it('goes on from the last version when the server ends the watch, and lists anew when that is too old', async () => {
    const { kube, asked } = scripted([
      { list: [pod('a', '1')], at: '1' },
      {
        events: [
          { type: 'MODIFIED', object: pod('a', '2') },
          { type: 'BOOKMARK', resourceVersion: '9' },
        ],
      },
      { events: [{ type: 'ADDED', object: pod('b', '10') }], fails: 410 },
      { list: [pod('b', '12')], at: '12' },
    ]);
    const watch = new PodWatch(kube, { namespace: 'shop' });
    await watch.synced;
    await shows(watch, ['b@12']);
    expect(asked.slice(0, 4)).toEqual(['list', 'watch from 1', 'watch from 9', 'list']);
    expect(watch.current).toBe(true);
    watch.stop();
  });

  it('tries again after any other error, and says meanwhile that what it shows may be old', async () => {
    const { kube, asked } = scripted([
      { list: [pod('a', '1')], at: '1' },
      { events: [], fails: 500 },
      { events: [] }, // The list fails.
      { list: [pod('a', '5')], at: '5' },
    ]);
    const watch = new PodWatch(kube, {});
    await watch.synced;
    // The next watch has failed by now, or is about to.
    await shows(watch, ['a@5']);
    expect(watch.current).toBe(true);
    expect(asked.slice(0, 4)).toEqual(['list', 'watch from 1', 'list', 'list']);
    watch.stop();
    expect(watch.current).toBe(false);
  });

  it('tells up to which write it has seen everything; its own writes are no proof', async () => {
    const events: readonly WatchEvent<Pod>[] = [
      { type: 'MODIFIED', object: pod('a', '7') },
      { type: 'BOOKMARK', resourceVersion: '9' },
    ];
    const { kube } = scripted([{ list: [pod('a', '1'), pod('b', '2')], at: '5' }, { events }]);
    const watch = new PodWatch(kube, {});
    watch.wrote(pod('b', '20'));
    await watch.synced;
    expect([watch.hasSeen('5'), watch.hasSeen('20')]).toEqual([true, false]);
    await shows(watch, ['a@7', 'b@20']);
    expect([watch.hasSeen('7'), watch.hasSeen('20')]).toEqual([true, false]);
    watch.stop();
  });

  it('fails its first users when it cannot even list', async () => {
    const watch = new PodWatch(scripted([]).kube, {});
    await expect(watch.synced).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
    watch.stop();
  });
});
