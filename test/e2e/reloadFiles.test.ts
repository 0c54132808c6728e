import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { containers, deploy, ended, file, kubectl, load, records, specOf, versions } from '../support/reloads.ts';
import { openWorld, type World } from '../support/world.ts';

/** Files that are put into running containers, on a real kubelet. */
describe('files of a reload', () => {
  const artifact = randomBytes(500_000);
  const sha256 = createHash('sha256').update(artifact).digest('hex');
  const extra = '/dev/shm/extra.bin';
  const program = '/dev/shm/program';
  let world: World;
  let server: Server;
  let url = '';
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
    server = createServer((_, response) => response.end(artifact)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/extra.bin`;
  });
  afterAll(async () => {
    server?.close();
    await world?.close();
  });

  const files = [
    { path: file, text: 'v7\n' },
    { path: extra, url: '', sha256 },
  ];
  /** `image`: with its digest. */
  const reload = (image: string) => ({
    version: 'config-7',
    files: [
      ...files.map((one) => (one.url === undefined ? one : { ...one, url })),
      { path: program, image, from: '/sample' },
    ],
    signal: 'HUP' as const,
  });
  const inPod = (pod: string, ...command: string[]) => kubectl(world, 'exec', pod, '--', ...command);
  /** What is there, hidden files too, with permissions. */
  const there = (pod: string) =>
    inPod(pod, 'sh', '-c', 'cd /dev/shm && for one in $(ls -A); do stat -c "%a %n" "$one"; done').trim().split('\n');

  it('are put there and loaded under load; a rollback puts back what was there, and takes away what was not', async () => {
    const name = 'files';
    await deploy(world, name, 'v1', 3);
    const pods = [...(await world.pods(name)).keys()];
    for (const pod of pods) inPod(pod, 'sh', '-c', `echo v6 > ${file} && chmod 640 ${file} && kill -HUP 1`);
    expect(await versions(world, name)).toBe('v6 v6 v6');
    const before = await containers(world, name);
    const found = there(pods[0] ?? '');
    const image = kubectl(world, 'get', 'pod', pods[0] ?? '', '-o=jsonpath={.status.containerStatuses[0].imageID}');

    const callers = await load(world, name);
    await world.start(specOf(world, name, reload(image), { gates: { afterGray: { approval: {} } } }));
    const waits = await world.until(name, (status) => status.waiting?.for === 'approval');
    const gray = waits.batches[0]?.pods[0]?.name ?? '';
    expect(inPod(gray, 'sh', '-c', `base64 ${extra}`).replaceAll('\n', '')).toBe(artifact.toString('base64'));
    expect(inPod(gray, 'sh', '-c', `sha256sum < ${program}`)).toBe(inPod(gray, 'sh', '-c', 'sha256sum < /sample'));
    expect(there(gray)).toContain('640 version');
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol' });
    expect(await ended(world, name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await versions(world, name)).toBe('v6 v6 v6');
    for (const pod of pods) expect(there(pod)).toEqual(found);

    await world.start(specOf(world, name, reload(image)));
    expect(await ended(world, name)).toMatchObject({ phase: 'succeeded' });
    const result = await callers.stop();
    expect(result.failed).toEqual([]);
    expect(await versions(world, name)).toBe('v7 v7 v7');
    expect(await records(world, name)).toBe('config-7 Done, config-7 Done, config-7 Done');
    expect(await containers(world, name)).toEqual(before);
    expect(await world.traces(name)).toEqual([]);
  });

  it('a command that fails after they were put: they are as before; another checksum, or no place for them, ends the plan', async () => {
    const name = 'unfit';
    await deploy(world, name, 'v1', 2);
    const [pod = ''] = [...(await world.pods(name)).keys()];
    const found = there(pod);
    await world.start(
      specOf(world, name, {
        version: 'x',
        files: [{ path: file, text: 'x' }],
        command: ['sh', '-c', `! grep -q x ${file}`],
      }),
    );
    expect(await ended(world, name)).toMatchObject({ phase: 'rolledBack', failure: { code: 'RELOAD_FAILED' } });
    for (const one of (await world.pods(name)).keys()) expect(there(one)).toEqual(found);

    const wrong = { path: extra, url, sha256: 'a'.repeat(64) };
    await world.start(specOf(world, name, { version: 'x', files: [wrong], signal: 'HUP' }));
    expect(await ended(world, name)).toMatchObject({
      phase: 'failed',
      failure: { code: 'ARTIFACT_UNFIT', text: expect.stringContaining(`has the checksum ${sha256}`) },
    });
    for (const [path, why] of [
      ['/none/there', 'it has no directory /none'],
      ['/etc/passwd', 'it may not write to /etc'],
    ] as const) {
      await world.start(specOf(world, name, { version: 'x', files: [{ path, text: '' }], signal: 'HUP' }));
      expect(await ended(world, name)).toMatchObject({
        phase: 'failed',
        failure: { code: 'RELOAD_IMPOSSIBLE', text: expect.stringContaining(why) },
      });
    }
    expect(await world.traces(name)).toEqual([]);
  });
});
