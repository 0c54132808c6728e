import { describe, expect, it } from 'vitest';
import { emptyHandful } from '../../activities/handful.ts';
import { isAboutPods } from '../../activities/kubernetes/admission.ts';
import type { LivePod } from '../../activities/ports.ts';
import { rehearse } from '../../activities/rehearse.ts';
import { podOf } from './kubernetes/pods.ts';

const live = (name: string, template: string): LivePod => {
  const pod = podOf({ image: 'x:1' });
  const metadata = { ...pod.metadata, name, uid: name, labels: { 'pod-template-hash': template } };
  return { name, uid: name, pod: { ...pod, metadata } };
};
const pods = [live('a', 'one'), live('b', 'one'), live('c', 'two'), live('d', 'two')];
const change = { holder: 'h', batch: 'b', images: () => ({ app: 'x:2' }), wrote: () => undefined };

/** Refuses the pods `refused`, and remembers whom it was asked about. */
function apiServer(...refused: readonly string[]) {
  const asked: string[] = [];
  const workload = {
    rehearse: async (some: readonly LivePod[]) => {
      const names = some.map(({ name }) => name);
      asked.push(...names);
      return {
        ...emptyHandful,
        done: names.filter((name) => !refused.includes(name)),
        failed: names
          .filter((name) => refused.includes(name))
          .map((pod) => ({ pod, code: 'PATCH_REFUSED' as const, reason: 'no' })),
      };
    },
  };
  return { asked, workload };
}
function admission(apart: boolean) {
  const judges = { tellPodsApart: apart, taken: new Set<string>() };
  return { judges: async () => judges };
}

describe('rehearse', () => {
  it('asks about each pod where admission may tell pods apart', async () => {
    const { asked, workload } = apiServer('b');
    const answer = await rehearse(pods, change, workload, admission(true));
    expect(asked).toEqual(['a', 'b', 'c', 'd']);
    expect(answer.done).toEqual(['a', 'c', 'd']);
    expect(answer.failed.map(({ pod }) => pod)).toEqual(['b']);
  });

  it('remembers what was taken, and asks again about what was refused', async () => {
    const { asked, workload } = apiServer('c', 'd');
    const same = admission(false);
    await rehearse(pods, change, workload, same);
    expect(asked).toEqual(['a', 'c', 'd']);
    const answer = await rehearse(pods, change, workload, same);
    expect(asked).toEqual(['a', 'c', 'd', 'c', 'd']);
    expect(answer.done.toSorted()).toEqual(['a', 'b']);
    expect(answer.failed.map(({ pod }) => pod)).toEqual(['c', 'd']);
    const other = { ...change, images: () => ({ app: 'x:3' }) };
    await rehearse([live('b', 'one')], other, workload, same);
    expect(asked.at(-1)).toBe('b');
  });

  it('else about one pod of each template', async () => {
    const { asked, workload } = apiServer();
    const answer = await rehearse(pods, change, workload, admission(false));
    expect(asked).toEqual(['a', 'c']);
    expect(answer.done.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('a refusal of one says nothing of the others of its template: they are asked about', async () => {
    const { asked, workload } = apiServer('c');
    const answer = await rehearse(pods, change, workload, admission(false));
    expect(asked).toEqual(['a', 'c', 'd']);
    expect(answer.done.toSorted()).toEqual(['a', 'b', 'd']);
    expect(answer.failed.map(({ pod }) => pod)).toEqual(['c']);
  });
});

describe('isAboutPods', () => {
  it.each([
    [['*'], ['*'], ['*'], true],
    [[''], ['UPDATE'], ['pods'], true],
    [['*'], ['CREATE', 'UPDATE'], ['*/*'], true],
    [[''], ['CREATE'], ['pods'], false],
    [['apps'], ['*'], ['*'], false],
    [[''], ['*'], ['services', 'pods/status'], false],
  ])('%j %j %j: %s', (apiGroups, operations, resources, expected) => {
    expect(isAboutPods({ apiGroups, operations, resources })).toBe(expected);
  });
});
