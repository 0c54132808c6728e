import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { everyone, PodCache } from '../../../activities/kubernetes/podCache.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import { at, podOf } from './pods.ts';

const pod = (version: number, more: Partial<Pod['metadata']> = {}): Pod =>
  podOf({ image: 'a:1', metadata: { name: 'a', uid: 'u1', resourceVersion: String(version), ...more } });

const versions = (cache: PodCache) => cache.all().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);

describe('PodCache', () => {
  it('never goes back: what was written is not hidden by an older event', () => {
    const cache = new PodCache();
    cache.saw(pod(5));
    cache.saw(pod(9));
    cache.saw(pod(7));
    expect(versions(cache)).toEqual(['a@9']);
  });

  it('compares versions as numbers', () => {
    const cache = new PodCache();
    cache.saw(pod(99));
    cache.saw(pod(100));
    expect(versions(cache)).toEqual(['a@100']);
  });

  it('lets no late answer bring a deleted pod back', () => {
    const cache = new PodCache();
    cache.saw(pod(5));
    cache.deleted(pod(6));
    cache.saw(pod(5));
    expect(cache.get('a')).toBeUndefined();
  });

  it('keeps the younger of two pods of one name (StatefulSet), whichever is heard of last', () => {
    const cache = new PodCache();
    const first = pod(5, { creationTimestamp: at(0) });
    const second = pod(8, { uid: 'u2', creationTimestamp: at(1) });
    cache.saw(first);
    cache.saw(second);
    cache.saw(pod(6, { creationTimestamp: at(0) }));
    cache.deleted(first);
    expect(cache.get('a')?.metadata.uid).toBe('u2');
  });

  it('takes a list as it is, but for what was written since it was asked for', () => {
    const cache = new PodCache();
    cache.saw(pod(50));
    cache.saw(pod(51, { name: 'b', uid: 'u2' }));
    cache.saw(pod(52, { name: 'c', uid: 'u3' }));
    const take = cache.listing();
    cache.saw(pod(60));
    // A cluster that was restored from a backup counts from an earlier version: c is older in it, and that is true.
    take([pod(55), pod(12, { name: 'c', uid: 'u3' })]);
    expect(versions(cache)).toEqual(['a@60', 'c@12']);
  });

  it('tells which pods changed, several at once', async () => {
    const cache = new PodCache();
    const told: string[][] = [];
    const stop = cache.subscribe((names) => told.push([...names]));
    cache.saw(pod(1));
    cache.saw(pod(2));
    cache.saw(pod(3, { name: 'b', uid: 'u2' }));
    await nextTurn();
    cache.deleted(pod(4));
    await nextTurn();
    cache.touchAll();
    await nextTurn();
    stop();
    cache.saw(pod(9, { name: 'c', uid: 'u3' }));
    await nextTurn();
    expect(told).toEqual([['a', 'b'], ['a'], [everyone]]);
  });

  it('keeps no managedFields', () => {
    const cache = new PodCache();
    cache.saw(pod(1, { managedFields: [{ manager: 'kubelet' }] }));
    expect(cache.get('a')?.metadata).not.toHaveProperty('managedFields');
  });
});
