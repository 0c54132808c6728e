import { describe, expect, it } from 'vitest';
import type { SluiceError } from '../../workflows/contract/errors.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import { reloadText, withVersion } from '../../workflows/contract/reload.ts';
import type { ReleaseSpec, ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { observe, podsOf } from './observations.ts';

const target = { cluster: 'local', workload: 'deployment/checkout' };
const nginx = { version: 'config-7', command: ['nginx', '-s', 'reload'] };
const specOf = (reload: object, change: Partial<ReleaseSpecInput> = {}): ReleaseSpec =>
  validateSpec({ target, change: { reload }, traffic: { through: [{ service: 'checkout' }] }, ...change });

const messageOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return `${(error as SluiceError).code} ${(error as SluiceError).message}`;
  }
  throw new Error('nothing was refused');
};

describe('a spec with change.reload', () => {
  it('has a version and one of command and signal; 30 s', () => {
    expect(specOf(nginx).change.reload).toEqual({ ...nginx, timeout: '30s' });
    expect(specOf({ version: 'x', signal: 'HUP', undo: { signal: 'USR1' } }).change.reload).toMatchObject({
      signal: 'HUP',
      undo: { signal: 'USR1' },
    });
  });

  it.each([
    ['both', { ...nginx, signal: 'HUP' }, {}, 'change.reload: found both; allowed: one of command and signal'],
    ['neither', { version: 'x' }, {}, 'change.reload: found neither; allowed: one of command and signal'],
    ['an undo of both', { ...nginx, undo: { command: ['a'], signal: 'HUP' } }, {}, 'change.reload.undo: found both'],
    ['a signal that ends it', { version: 'x', signal: 'KILL' }, {}, 'found "KILL"; allowed: HUP, USR1, USR2 or WINCH'],
    ['no version', { signal: 'HUP' }, {}, 'change.reload.version: found nothing'],
    ['a line for a version', { ...nginx, version: 'a b' }, {}, 'without spaces'],
    ['too long', { ...nginx, timeout: '5m' }, {}, 'change.reload.timeout: found "5m"; allowed: at most 2m'],
    ['a container twice', { ...nginx, containers: ['a', 'a'] }, {}, 'allowed: each container once'],
    ['a mode that makes pods anew', nginx, { strategy: { mode: 'Recreate' } }, 'strategy.mode: found Recreate'],
    ['a mode that restarts', nginx, { strategy: { mode: 'InPlaceOnly' } }, 'strategy.mode: found InPlaceOnly'],
    ['images', nginx, { change: { reload: nginx, images: { app: 'a:v2' } } }, 'found images and reload'],
    ['a restart', nginx, { change: { reload: nginx, restart: true } }, 'found restart and reload'],
    ['an order', nginx, { change: { reload: nginx, order: ['app'] } }, 'change.reload.containers are in order'],
    [
      'a file of nothing',
      { ...nginx, files: [{ path: '/a' }] },
      {},
      'files[0]: found none; allowed: one of text, url and image',
    ],
    ['a file of both', { ...nginx, files: [{ path: '/a', text: '', url: 'http://h/a' }] }, {}, 'found text and url'],
    ['a tag', { ...nginx, files: [{ path: '/a', image: 'h/rules:v7' }] }, {}, 'an image with its digest'],
    ['a source of another', { ...nginx, files: [{ path: '/a', text: '', from: '/b' }] }, {}, 'found from with text'],
    ['no checksum', { ...nginx, files: [{ path: '/a', url: 'http://h/a' }] }, {}, 'allowed: url with sha256'],
    ['a path that is none', { ...nginx, files: [{ path: 'a/b', text: '' }] }, {}, 'an absolute path of a file'],
    ['a path that leads out', { ...nginx, files: [{ path: '/a/../b', text: '' }] }, {}, 'an absolute path of a file'],
    ['a directory', { ...nginx, files: [{ path: '/a/', text: '' }] }, {}, 'an absolute path of a file'],
    [
      'another protocol',
      { ...nginx, files: [{ path: '/a', url: 'file:///a', sha256: 'a'.repeat(64) }] },
      {},
      'an http(s) URL',
    ],
    [
      'a path twice',
      {
        ...nginx,
        files: [
          { path: '/a', text: '' },
          { path: '/a', text: '' },
        ],
      },
      {},
      'each path once',
    ],
    ['much text', { ...nginx, files: [{ path: '/a', text: 'ü'.repeat(16_385) }] }, {}, 'found 32770 bytes of text'],
    ['only the mode', nginx, { change: { images: { app: 'a:v2' } }, strategy: { mode: 'HotReload' } }, 'without it'],
  ] as const)('is refused with %s', (_, reload, change, text) => {
    expect(messageOf(() => specOf(reload, change as Partial<ReleaseSpecInput>))).toContain(text);
  });
});

describe('a plan that reloads', () => {
  const plan = (reload: object = nginx, pods = podsOf(5), more = {}): Plan =>
    planRelease(specOf(reload), observe(pods, more));

  it('is HotReload, with gray and batches as in every mode, and changes neither image nor template', () => {
    const made = plan();
    expect(made.mode).toMatchObject({ asked: 'InPlaceIfPossible', used: 'HotReload' });
    expect(made.change).toEqual({
      from: {},
      to: {},
      version: 'config-7',
      fromVersion: 'v1',
      reload: { version: 'config-7', containers: ['app'], action: { command: nginx.command }, timeoutMs: 30_000 },
    });
    expect(made.batches.map(({ name, pods }) => [name, pods.length])).toEqual([
      ['gray', 1],
      ['batch-1', 1],
      ['batch-2', 1],
      ['batch-3', 2],
    ]);
    const writes = made.writes.join('\n');
    expect(writes).not.toContain('After the last batch');
    expect(writes).not.toMatch(/history|ReplicaSet of 0/);
    expect(writes).toContain('Take the annotations off');
    expect(made.prePull).toBeUndefined();
  });

  it('takes those pods only that do not run the version, and knows what ran before', () => {
    const pods = podsOf(4).map((pod, index) => ({ ...pod, reloaded: { app: index < 3 ? 'config-7' : 'config-6' } }));
    const made = plan(nginx, pods);
    expect(made.batches.flatMap((batch) => batch.pods.map(({ name }) => name))).toEqual(['p03']);
    expect(made.warnings.map(({ message }) => message).join('\n')).toContain(
      '3 pods of deployment/checkout have config-7',
    );
    const six = podsOf(4).map((pod) => ({ ...pod, reloaded: { app: 'config-6' } }));
    expect(plan(nginx, six).change.fromVersion).toBe('config-6');
  });

  it('puts files first, and says so', () => {
    const files = [
      { path: '/etc/app.conf', text: 'level = debug' },
      { path: '/opt/..plugin.so', url: 'https://h/p.so', sha256: 'a'.repeat(64) },
    ];
    const { reload } = plan({ ...nginx, files }).change;
    expect(reload?.files).toEqual(files);
    expect(reload && reloadText(reload)).toBe(
      'app: put /etc/app.conf, /opt/..plugin.so, then nginx -s reload; a rollback: the old files, then the same once more',
    );
  });

  it('may ask for a version by a word in its command; a rollback then asks for the one before', () => {
    const fetching = { version: 'rules-7', command: ['/fetch', 'rules={version}'] };
    expect(messageOf(() => plan(fetching))).toContain('no pod of deployment/checkout has one on record');
    const undo = { command: ['/fetch', 'rules=none'] };
    const first = plan({ ...fetching, undo }).change.reload;
    expect(first && reloadText(first)).toBe('app: /fetch rules=rules-7; a rollback: /fetch rules=none');
    expect(first?.earlier).toBeUndefined();
    const pods = podsOf(3).map((pod, index) => (index === 0 ? pod : { ...pod, reloaded: { app: 'rules-6' } }));
    const next = plan(fetching, pods).change.reload;
    expect(next?.earlier).toBe('rules-6');
    expect(next && reloadText(next)).toBe('app: /fetch rules=rules-7; a rollback: the same with the version before');
    expect(withVersion({ command: ['a', '{version}/{version}'] }, 'x')).toEqual({ command: ['a', 'x/x'] });
    expect(withVersion({ signal: 'HUP' }, 'x')).toEqual({ signal: 'HUP' });
  });

  it('is refused where every pod runs it, or nobody knows in which container', () => {
    const pods = podsOf(2).map((pod) => ({ ...pod, reloaded: { app: 'config-7' } }));
    expect(messageOf(() => plan(nginx, pods))).toBe(
      'RELOAD_UNCHANGED Every pod of deployment/checkout runs config-7 already.',
    );
    const templateImages = { app: 'r/a:v1', proxy: 'r/p:v1' };
    expect(messageOf(() => plan(nginx, podsOf(2), { templateImages }))).toContain('has app, proxy; say which of them');
    expect(messageOf(() => plan({ ...nginx, containers: ['web'] }))).toContain('has no container web; it has app');
    expect(plan({ ...nginx, containers: ['proxy', 'app'] }, podsOf(2), { templateImages }).change.reload).toMatchObject(
      {
        containers: ['proxy', 'app'],
      },
    );
  });

  it('asks for all containers: a pod of which one has fallen back is done again', () => {
    const templateImages = { app: 'r/a:v1', proxy: 'r/p:v1' };
    const [one, two] = podsOf(2);
    const both = { app: 'config-7', proxy: 'config-7' };
    const pods = [
      { ...one!, reloaded: both },
      { ...two!, reloaded: { app: 'config-7' } },
    ];
    const made = plan({ ...nginx, containers: ['app', 'proxy'] }, pods, { templateImages });
    expect(made.batches.flatMap((batch) => batch.pods.map(({ name }) => name))).toEqual(['p01']);
  });
});
