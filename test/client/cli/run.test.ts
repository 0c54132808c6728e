import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { errors } from '../../../workflows/contract/errors.ts';
import { sluice } from './io.ts';

/** Nothing listens on port 1 of this machine. */
const nowhere = { TEMPORAL_ADDRESS: '127.0.0.1:1', NO_COLOR: '1' };

describe('help and version', () => {
  test('no command and --help show the commands, on stdout, with exit code 0', async () => {
    const ran = await sluice([]);
    expect(ran.exit).toBe(0);
    expect(ran.stderr).toBe('');
    for (const name of [
      'up',
      'down',
      'env',
      'plan',
      'release',
      'status',
      'list',
      'approve',
      'reject',
      'pause',
      'resume',
      'rollback',
      'worker',
    ]) {
      expect(ran.stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    expect((await sluice(['--help'])).stdout).toBe(ran.stdout);
    expect((await sluice(['help'])).stdout).toBe(ran.stdout);
  });

  test('a command explains itself with an example', async () => {
    const { stdout, exit } = await sluice(['release', '--help']);
    expect(exit).toBe(0);
    expect(stdout).toContain('sluice release -f release.yaml --watch');
    expect(stdout).toContain('--max-unavailable');
  });

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(await sluice(['--version'])).toEqual({ exit: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('colours come only to a terminal', async () => {
    expect((await sluice(['--help'])).stdout).not.toContain('\u001B[');
    expect((await sluice(['--help'], { tty: true })).stdout).toContain('\u001B[1mUsage:');
    expect((await sluice(['--help'], { tty: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001B[');
  });
});

describe('a wrong command line', () => {
  test.each([
    [['relase'], 'Did you mean release?'],
    [['status', '--wach'], 'Did you mean --watch?'],
    [['status', 'deployment/x', '-o', 'jsn'], 'Allowed choices are table, wide, json, yaml.'],
    [['status', 'deploymnt/x'], 'Did you mean deployment?'],
    [['status', 'a/b/c'], 'Name it as kubectl does'],
    [['status', 'deployment'], 'its name is missing'],
    [
      ['status', 'checkout'],
      'Write `deployment/checkout`, `replicaset/checkout`, `statefulset/checkout`, `daemonset/checkout`, or `cloneset/checkout`.',
    ],
    // The same mistake where a document is made of the words.
    ...['plan', 'release', 'restart', 'scale', 'drain'].flatMap((verb): [string[], string][] => [
      [[verb, 'checkout'], '"checkout" names no workload: its kind is missing.'],
      [[verb, 'deploymnt/x'], 'Did you mean deployment?'],
    ]),
    [['status', 'deployment/Check_out'], '"Check_out" cannot be the name'],
    [['status', 'deployment/checkout', '-n', 'a/b'], '"a/b" cannot be the namespace'],
    [['status', 'deployment/x', '--timeout', 'soon'], 'Write a duration such as 90s, 10m or 1h30m.'],
    [['list', '--phase', 'gates'], 'Allowed choices are planning'],
    [['list', '--limit', '0'], 'Write a whole number of at least 1.'],
    [['release', 'deployment/x', '--batches', '50%', '--batch-count', '2'], 'cannot be used with'],
    [['release', 'deployment/x', '--yes', '--approvals', '2'], 'cannot be used with'],
    [['release', 'deployment/x', '--image', 'app:v2'], 'Write container=image, such as `--image app=app:v2`.'],
    [['up', '--runtime', 'docker'], 'Allowed choices are kwok, containerd.'],
    [['up', '--port', 'temporal=99999'], 'a number from 1 to 65535'],
    [['up', '--port', 'temporel=7233'], 'Did you mean temporal?'],
    [['down', 'everything'], 'Too many arguments'],
  ])('%j is told on stderr, exit code 1', async (argv, hint) => {
    const ran = await sluice(argv, { env: nowhere });
    expect(ran).toMatchObject({ exit: 1, stdout: '' });
    expect(ran.stderr).toMatch(/^error: /);
    expect(ran.stderr.replaceAll(/\s+/g, ' ')).toContain(hint);
    expect(ran.stderr.trimEnd().split('\n').at(-1)).toBe('  USAGE');
  });
});

describe('-o json and yaml', () => {
  test('a wrong option is one document too', async () => {
    const ran = await sluice(['status', '-o', 'json', '--nope']);
    expect(ran).toMatchObject({ exit: 1, stderr: '' });
    expect(JSON.parse(ran.stdout)).toEqual({
      type: 'urn:sluice:error:USAGE',
      title: errors.USAGE.message,
      status: 400,
      code: 'USAGE',
      detail: "Unknown option '--nope'.",
      next: 'See `sluice status --help`.',
    });
  });

  test('a server that is away is one document, exit code 6', async () => {
    const ran = await sluice(['status', 'deployment/checkout', '-o', 'json'], { env: nowhere });
    expect(ran).toMatchObject({ exit: 6, stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      code: 'TEMPORAL_UNREACHABLE',
      status: 503,
      address: '127.0.0.1:1',
      source: 'TEMPORAL_ADDRESS',
    });
    const yaml = await sluice(['list', '--output=yaml'], { env: nowhere });
    expect(parse(yaml.stdout)).toMatchObject({ code: 'TEMPORAL_UNREACHABLE' });
    expect(yaml.stderr).toBe('');
  });
});

describe('Temporal not reachable', () => {
  test.each([
    [['status', 'deployment/checkout']],
    [['list']],
    [['approve', 'deployment/checkout']],
    [['rollback', 'deployment/checkout', '--watch']],
    [['release', 'deployment/checkout', '--image', 'app=app:v2']],
    [['plan', 'deployment/checkout', '--image', 'app=app:v2']],
  ])('%j says which server, who named it, and what to do; exit code 6', async (argv) => {
    const ran = await sluice(argv, { env: nowhere });
    expect(ran).toMatchObject({ exit: 6, stdout: '' });
    const text = ran.stderr.replaceAll(/\s+/g, ' ');
    expect(text).toContain('The Temporal server at 127.0.0.1:1 (from TEMPORAL_ADDRESS) cannot be reached');
    expect(text).toContain('ECONNREFUSED');
    expect(text).toContain('→ Start the local stack with `sluice up`, or set TEMPORAL_ADDRESS. TEMPORAL_UNREACHABLE');
  });

  test('the command line wins over the environment', async () => {
    const ran = await sluice(['list', '--temporal-address', '127.0.0.1:2'], { env: nowhere });
    expect(ran.stderr).toContain('127.0.0.1:2 (from the command line)');
  });
});

test('without a local stack `env` says how to get one, exit code 2', async () => {
  const ran = await sluice(['env', '--state-dir', '/nonexistent/sluice']);
  expect(ran).toMatchObject({ exit: 2, stdout: '' });
  expect(ran.stderr).toContain('LOCAL_NOT_UP');
});
