import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { resolveBinaries } from '../../../local/binaries/resolve.ts';
import type { Progress } from '../../../local/types.ts';
import { errors, SluiceError } from '../../../workflows/contract/errors.ts';
import { failureOf, temporaryDirectory, withEnvironment } from '../support/environment.ts';
import { type Mirror, sha256, startMirror, tarGz } from '../support/mirror.ts';

// The paths below are those of one system.
const here = process.platform === 'linux' && process.arch === 'x64';

const schedulerPath = '/dl.k8s.io/release/v1.34.4/bin/linux/amd64/kube-scheduler';
const script = '#!/bin/sh\necho a program\n';

let mirror: Mirror;
let cache: string;

beforeEach(async () => {
  mirror = await startMirror({
    [schedulerPath]: { body: script },
    [`${schedulerPath}.sha256`]: { body: sha256(script) },
  });
  cache = await temporaryDirectory();
  // An empty PATH has no Go: what cannot be downloaded must fail, not be built for minutes.
  withEnvironment({ XDG_CACHE_HOME: cache, SLUICE_DOWNLOAD_BASE: mirror.base, PATH: join(cache, 'no-programs') });
});

const files = async () => (await readdir(join(cache, 'sluice/bin'))).filter((name) => name !== 'lock');

describe.runIf(here)('getting programs', () => {
  test('a download is checked, made executable and cached; the second time nobody is asked', async () => {
    const first = await resolveBinaries(['kube-scheduler']);
    expect(execFileSync(first['kube-scheduler'], { encoding: 'utf8', env: { PATH: '/bin:/usr/bin' } })).toBe(
      'a program\n',
    );
    expect(mirror.asked).toEqual([`${schedulerPath}.sha256`, schedulerPath]);
    expect(await resolveBinaries(['kube-scheduler'])).toEqual(first);
    expect(mirror.asked).toHaveLength(2);
    expect(await files()).toEqual(['kube-scheduler-v1.34.4']);
  });

  test('a program inside an archive is taken out of it', async () => {
    const archive = await tarGz({
      'etcd-v3.6.5/': '',
      'etcd-v3.6.5/README.md': 'x'.repeat(2000),
      'etcd-v3.6.5/etcd': script,
      'etcd-v3.6.5/etcdctl': 'no',
    });
    const base = '/github.com/etcd-io/etcd/releases/download/v3.6.5';
    mirror.replies[`${base}/etcd-v3.6.5-linux-amd64.tar.gz`] = { body: archive };
    mirror.replies[`${base}/SHA256SUMS`] = {
      body: `${sha256('other')}  etcd-v3.6.5-linux-arm64.tar.gz\n${sha256(archive)}  etcd-v3.6.5-linux-amd64.tar.gz\n`,
    };
    const { etcd } = await resolveBinaries(['etcd']);
    expect(await readFile(etcd, 'utf8')).toBe(script);
    expect((await stat(etcd)).mode & 0o111).not.toBe(0);
  });

  test('a release without a checksum file is checked by the digest that GitHub states', async () => {
    mirror.replies['/github.com/kubernetes-sigs/kwok/releases/download/v0.7.0/kwok-linux-amd64'] = { body: script };
    mirror.replies['/api.github.com/repos/kubernetes-sigs/kwok/releases/tags/v0.7.0'] = {
      body: JSON.stringify({
        assets: [
          { name: 'kwok.yaml', digest: null },
          { name: 'kwok-linux-amd64', digest: `sha256:${sha256(script)}` },
        ],
      }),
    };
    const { kwok } = await resolveBinaries(['kwok']);
    expect(await readFile(kwok, 'utf8')).toBe(script);
  });

  test('a wrong checksum is refused by name and nothing stays behind', async () => {
    mirror.replies[`${schedulerPath}.sha256`] = { body: sha256('something else') };
    const error = await failureOf(resolveBinaries(['kube-scheduler']));
    expect(error).toMatchObject({
      code: 'LOCAL_CHECKSUM',
      details: { program: 'kube-scheduler', found: sha256(script) },
    });
    expect(await files()).toEqual([]);
  });

  test('a connection that breaks is tried again, and what came so far is not kept', async () => {
    mirror.replies[schedulerPath] = { body: script, cutAfter: 7 };
    const error = await failureOf(resolveBinaries(['kube-scheduler']));
    expect(mirror.asked.filter((path) => path === schedulerPath)).toHaveLength(3);
    expect(error).toMatchObject({ code: 'LOCAL_BINARY_UNAVAILABLE' });
    expect(String(error)).toContain('the connection broke after 7 bytes');
    expect(await files()).toEqual([]);
  });

  test('no checksum, no download', async () => {
    mirror.replies[`${schedulerPath}.sha256`] = { body: '<html>Sorry</html>' };
    const error = await failureOf(resolveBinaries(['kube-scheduler']));
    expect(error).toMatchObject({ code: 'LOCAL_BINARY_UNAVAILABLE' });
    expect(String(error)).toContain('states no checksum');
    expect(mirror.asked).not.toContain(schedulerPath);
  });

  test('not published, no Go: the error names every program, why, and all ways out', async () => {
    const error = await failureOf(resolveBinaries(['kube-scheduler', 'kube-apiserver', 'agnhost']));
    expect(error).toBeInstanceOf(SluiceError);
    expect(error).toMatchObject({
      code: 'LOCAL_BINARY_UNAVAILABLE',
      details: { programs: ['kube-apiserver', 'agnhost'] },
    });
    const { message, next } = error as SluiceError;
    expect(message).toContain('kube-apiserver: http://127.0.0.1');
    expect(message).toContain('HTTP 404');
    expect(message).toContain('agnhost: it is not published for this system');
    expect(next).toMatch(/network.*Go.*SLUICE_BIN_KUBE_APISERVER/s);
    // What could be had was kept for the next time.
    expect(await files()).toEqual(['kube-scheduler-v1.34.4']);
  });

  test('no network, no Go: it fails at once and says so', async () => {
    // Nobody listens there: the port was the mirror's of another test.
    withEnvironment({ XDG_CACHE_HOME: cache, SLUICE_DOWNLOAD_BASE: 'http://127.0.0.1:9', PATH: '' });
    const began = performance.now();
    const error = await failureOf(resolveBinaries(['kube-scheduler']));
    expect(error).toMatchObject({ code: 'LOCAL_BINARY_UNAVAILABLE' });
    expect(errors.LOCAL_BINARY_UNAVAILABLE.exit).toBe(6);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test('an explicit program is used as it is, a wrong one is refused before anything is got', async () => {
    const own = join(cache, 'my-scheduler');
    await writeFile(own, script);
    await chmod(own, 0o755);
    withEnvironment({ XDG_CACHE_HOME: cache, SLUICE_DOWNLOAD_BASE: mirror.base, SLUICE_BIN_KUBE_SCHEDULER: own });
    expect(await resolveBinaries(['kube-scheduler'])).toEqual({ 'kube-scheduler': own });
    await chmod(own, 0o644);
    const error = await failureOf(resolveBinaries(['kube-scheduler']));
    expect(error).toMatchObject({ code: 'LOCAL_BINARY_UNAVAILABLE' });
    expect(String(error)).toContain('SLUICE_BIN_KUBE_SCHEDULER');
    expect(mirror.asked).toEqual([]);
  });

  test('an interrupted download leaves nothing, and the next one succeeds', async () => {
    mirror.replies[schedulerPath] = { body: script, stallAfter: 5 };
    const stop = new AbortController();
    const report = (progress: Progress) => {
      if (progress.kind === 'binary' && progress.fraction !== undefined) stop.abort(new Error('interrupted'));
    };
    const error = await failureOf(resolveBinaries(['kube-scheduler'], { signal: stop.signal, report }));
    expect(String(error)).toContain('interrupted');
    expect(await files()).toEqual([]);
    mirror.replies[schedulerPath] = { body: script };
    expect(await readFile((await resolveBinaries(['kube-scheduler']))['kube-scheduler'], 'utf8')).toBe(script);
  });

  test('what a killed command left is cleared away, and its lock binds nobody', async () => {
    const bin = join(cache, 'sluice/bin');
    await mkdir(bin, { recursive: true });
    const dead = spawn('/bin/true');
    await new Promise((resolve) => dead.once('exit', resolve));
    await writeFile(join(bin, 'lock'), `${dead.pid} of-another-boot/1`);
    await writeFile(join(bin, '.tmp-kube-scheduler'), 'half of it');
    await mkdir(join(bin, '.tmp-kubernetes/x'), { recursive: true });
    await resolveBinaries(['kube-scheduler']);
    expect(await files()).toEqual(['kube-scheduler-v1.34.4']);
  });

  test('two at once get each program once', async () => {
    const notes: string[] = [];
    const report = (progress: Progress) => {
      if (progress.kind === 'note') notes.push(progress.text);
    };
    const [a, b] = await Promise.all([
      resolveBinaries(['kube-scheduler'], { report }),
      resolveBinaries(['kube-scheduler'], { report }),
    ]);
    expect(a).toEqual(b);
    expect(mirror.asked).toEqual([`${schedulerPath}.sha256`, schedulerPath]);
    expect(notes).toEqual([expect.stringContaining('waiting for it')]);
  });
});
