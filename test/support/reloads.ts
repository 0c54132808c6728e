import { execFileSync } from 'node:child_process';
import { inject } from 'vitest';
import { pods } from '../../activities/kubernetes/resources.ts';
import { entriesOn } from '../../activities/reload/record.ts';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { startLoad } from './load.ts';
import type { World } from './world.ts';

/**
 * Reloads without a restart on a real kubelet: the sample says it is what a file says, from the next SIGHUP on, and
 * forgets that when it is started anew.
 */
export const file = '/dev/shm/version';
export const say = (version: string) => ['sh', '-c', `echo ${version} > ${file} && kill -HUP 1`];
export const forget = ['sh', '-c', `rm -f ${file} && kill -HUP 1`];

export const image = (world: World, tag: 'v1' | 'v1-bare' = 'v1') => sampleImage(tag, world.env['SLUICE_REGISTRY']);

export const deploy = (world: World, name: string, tag: 'v1' | 'v1-bare' = 'v1', replicas = 4) =>
  world.deploy({ name, image: image(world, tag), runtime: 'containerd', replicas, env: { VERSION_FILE: file } });

export function specOf(
  world: World,
  name: string,
  reload: NonNullable<ReleaseSpecInput['change']['reload']>,
  more: Partial<ReleaseSpecInput> = {},
): ReleaseSpecInput {
  const traffic = { through: [{ service: name }], quiet: '250ms', maxDrain: '20s' };
  return { ...world.spec(name, '', { traffic }), change: { reload }, ...more };
}

export const kubectl = (world: World, ...args: string[]): string =>
  execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
    env: { ...process.env, ...world.env },
    encoding: 'utf8',
    stdio: 'pipe',
  });

export const podsOf = async (world: World, name: string) => {
  const { items } = await world.kube.list(pods, { namespace: world.namespace, labelSelector: `app=${name}` });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
};

/** What each pod answers. */
export async function versions(world: World, name: string): Promise<string> {
  const answers = (await podsOf(world, name)).map(async ({ status }) => {
    const answer = (await (await fetch(`http://${status?.podIP}:8080/`)).json()) as { version: string };
    return answer.version;
  });
  return (await Promise.all(answers)).toSorted().join(' ');
}

/** Which containers run: the same ID and count mean that nothing was started anew. */
export const containers = async (world: World, name: string): Promise<string[]> =>
  (await podsOf(world, name))
    .map(({ metadata, status }) => {
      const app = status?.containerStatuses?.[0];
      return `${metadata.name} ${metadata.uid} ${app?.containerID} ${app?.restartCount}`;
    })
    .toSorted();

/** By pod: what is recorded of its container. */
export const records = async (world: World, name: string): Promise<string> =>
  (await podsOf(world, name))
    .map((pod) => {
      const { version = '-', state = '-' } = entriesOn(pod)['app'] ?? {};
      return `${version} ${state}`;
    })
    .toSorted()
    .join(', ');

export const ended = (world: World, name: string) => world.until(name, (status) => status.endedAt !== undefined);
export const load = (world: World, service: string) =>
  startLoad({ kube: world.kube, namespace: world.namespace, service, rate: 100, keepAlive: false });
