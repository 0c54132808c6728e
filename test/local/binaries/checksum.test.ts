import { expect, test } from 'vitest';
import { binary } from '../../../local/binaries/catalog.ts';
import { findChecksum } from '../../../local/binaries/checksum.ts';
import { currentPlatform } from '../../../local/binaries/platform.ts';

const sum = 'AB'.repeat(32);
const lower = sum.toLowerCase();

const of = (format: 'plain' | 'sums' | 'github') => ({
  url: 'https://example.test/releases/tool-linux-amd64.tar.gz',
  checksum: { url: 'https://example.test/releases/sums', format },
});

test.each([
  ['plain', `${sum}\n`],
  ['plain', `${sum}  tool-linux-amd64.tar.gz\n`],
  ['sums', `${'0'.repeat(64)}  other.tar.gz\n${sum}  tool-linux-amd64.tar.gz\n`],
  ['sums', `${sum} *tool-linux-amd64.tar.gz\n`],
  ['github', JSON.stringify({ assets: [{ name: 'tool-linux-amd64.tar.gz', digest: `sha256:${sum}` }] })],
] as const)('%s: finds the checksum in %j', (format, text) => {
  expect(findChecksum(of(format), text)).toBe(lower);
});

test.each([
  ['plain', '<html>not found</html>'],
  ['plain', 'abcdef'],
  ['sums', `${sum}  xtool-linux-amd64.tar.gz\n`],
  ['sums', ''],
  ['github', JSON.stringify({ assets: [{ name: 'tool-linux-amd64.tar.gz', digest: null }] })],
  ['github', JSON.stringify({ assets: [{ name: 'tool-linux-amd64.tar.gz', digest: `md5:${'a'.repeat(32)}` }] })],
  ['github', '{}'],
  ['github', 'rate limited'],
] as const)('%s: finds none in %j', (format, text) => {
  expect(findChecksum(of(format), text)).toBeUndefined();
});

test('official names of the downloads on each system', () => {
  const url = (name: Parameters<typeof binary>[0], os: 'linux' | 'darwin', arch: 'amd64' | 'arm64') =>
    binary(name).download({ os, arch })?.url;
  expect(url('kubelet', 'linux', 'arm64')).toBe('https://dl.k8s.io/release/v1.34.4/bin/linux/arm64/kubelet');
  expect(url('kubelet', 'darwin', 'arm64')).toBeUndefined();
  expect(url('kubectl', 'darwin', 'arm64')).toBe('https://dl.k8s.io/release/v1.34.4/bin/darwin/arm64/kubectl');
  expect(url('crane', 'linux', 'amd64')).toMatch(/\/go-containerregistry_Linux_x86_64\.tar\.gz$/);
  expect(url('temporal', 'darwin', 'arm64')).toMatch(/\/temporal_cli_1\.5\.1_darwin_arm64\.tar\.gz$/);
});

test('other systems are refused by name', () => {
  expect(currentPlatform('linux', 'x64')).toEqual({ os: 'linux', arch: 'amd64' });
  expect(() => currentPlatform('win32', 'x64')).toThrow('win32/x64');
  expect(() => currentPlatform('linux', 'riscv64')).toThrow('linux/riscv64');
});
