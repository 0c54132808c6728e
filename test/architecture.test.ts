import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Import, importsOf } from './support/imports.ts';

/** The arrows of design §2, read from the imports of every file. */

const root = fileURLToPath(new URL('..', import.meta.url));
const rooms = ['workflows', 'activities', 'worker', 'client', 'local'] as const;

interface Arrow extends Import {
  readonly file: string;
  /** Path from the root for a file of ours, else the name of the package. */
  readonly to: string;
}

const read = (file: string): readonly Arrow[] =>
  importsOf(readFileSync(join(root, file), 'utf8')).map((one) => ({
    ...one,
    file,
    to: one.from.startsWith('.') ? relative('.', join(dirname(file), one.from)) : one.from,
  }));

const files = rooms.flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(room, file)),
);
const arrows = files.flatMap(read);

const isOurs = ({ from }: Arrow): boolean => from.startsWith('.');
const within = (room: string, path: string): boolean => path.startsWith(`${room}/`);
const isSchema = (path: string): boolean => path.endsWith('.schema.ts');
const told = ({ file, line, to }: Arrow): string => `${file}:${line} → ${to}`;

/** Arrows out of `room` that `allowed` does not allow. */
const against = (room: string, allowed: (arrow: Arrow) => boolean): string[] =>
  arrows
    .filter((arrow) => within(room, arrow.file) && isOurs(arrow) && !within(room, arrow.to) && !allowed(arrow))
    .map(told);

const toContract = ({ to }: Arrow): boolean => within('workflows/contract', to);

describe('the arrows', () => {
  it('are read from all rooms', () => {
    for (const room of rooms) expect(files.filter((file) => within(room, file)).length).toBeGreaterThan(3);
    expect(arrows.length).toBeGreaterThan(300);
  });

  it('every relative import names a file that is there', () => {
    const there = new Set(files);
    const known = (to: string): boolean => there.has(to) || !to.endsWith('.ts');
    expect(arrows.filter((arrow) => isOurs(arrow) && !known(arrow.to)).map(told)).toEqual([]);
  });

  it('contract → nothing', () => {
    expect(against('workflows/contract', () => false)).toEqual([]);
    const packages = arrows.filter((arrow) => within('workflows/contract', arrow.file) && !isOurs(arrow));
    expect(packages.filter(({ file, to }) => !(isSchema(file) && to === 'zod')).map(told)).toEqual([]);
  });

  it('workflows → contract, and types of activities', () => {
    expect(against('workflows', ({ to, typeOnly }) => typeOnly && within('activities', to))).toEqual([]);
    const allowed = new Set(['@temporalio/workflow', '@temporalio/common']);
    const packages = arrows.filter(
      (arrow) => within('workflows', arrow.file) && !isSchema(arrow.file) && !isOurs(arrow) && !allowed.has(arrow.to),
    );
    expect(packages.map(told)).toEqual([]);
  });

  it('schemas are types outside of schemas: workflows and contract never run zod', () => {
    const running = arrows.filter(
      ({ file, to, typeOnly }) => within('workflows', file) && isSchema(to) && !isSchema(file) && !typeOnly,
    );
    expect(running.map(told)).toEqual([]);
  });

  it('activities → contract', () => {
    expect(against('activities', toContract)).toEqual([]);
  });

  it('worker → workflows and activities', () => {
    expect(against('worker', ({ to }) => within('workflows', to) || within('activities', to))).toEqual([]);
  });

  it('client → contract; the command line also → local, and its `worker` command starts one', () => {
    const cli = ({ file, to }: Arrow): boolean => within('client/cli', file) && within('local', to);
    // One program for people: `sluice worker` and the demo are where client and worker meet, and load it only when asked.
    const starts = ({ file, to, dynamic }: Arrow): boolean =>
      within('client/cli', file) && to === 'worker/run.ts' && dynamic;
    expect(against('client', (arrow) => toContract(arrow) || cli(arrow) || starts(arrow))).toEqual([]);
  });

  it('the command line loads Temporal, Kubernetes and zod when a command asks for them: help and Tab are quick', () => {
    const loaded = new Set(['client/cli/main.ts']);
    for (const file of loaded) {
      for (const arrow of arrows) {
        if (arrow.file === file && isOurs(arrow) && !arrow.typeOnly && !arrow.dynamic) loaded.add(arrow.to);
      }
    }
    expect(loaded.size).toBeGreaterThan(50);
    const heavy = arrows.filter(
      ({ file, to, typeOnly, dynamic }) =>
        loaded.has(file) && /^(@temporalio|@kubernetes)\/|^zod$/.test(to) && !typeOnly && !dynamic,
    );
    expect(heavy.map(told)).toEqual([]);
  });

  it('local → contract', () => {
    expect(against('local', toContract)).toEqual([]);
  });

  it('tests are imported by tests alone', () => {
    expect(arrows.filter(({ to }) => within('test', to)).map(told)).toEqual([]);
  });
});

describe('the workflow bundle', () => {
  let modules: readonly string[];
  beforeAll(async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(root, 'workflows/index.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    modules = modulesOf(code);
  }, 120_000);

  it('has the workflows and the contract', () => {
    expect(modules).toEqual(expect.arrayContaining(['workflows/release.ts', 'workflows/contract/errors.ts']));
  });

  it('has no zod, no activity, no schema, nothing of Node', () => {
    const wrong = modules.filter(
      (module) =>
        /(^|\/)node_modules\/zod\//.test(module) ||
        isSchema(module) ||
        ['activities', 'worker', 'client', 'local'].some((room) => within(room, module)) ||
        isBuiltin(module.replace(/^external "(.*)"$/, '$1')),
    );
    expect(wrong).toEqual([]);
  });

  it('has no package but those of Temporal and what they need', () => {
    const packages = new Set(
      modules.flatMap((module) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module)?.slice(1) ?? []),
    );
    const foreign = [...packages].filter(
      (name) =>
        !/^(@temporalio\/(workflow|common|proto|worker)|ms|nexus-rpc|long|protobufjs|@protobufjs\/.*)$/.test(name),
    );
    expect(foreign).toEqual([]);
  });
});

/** Names of the modules in what webpack wrote, from the root of the checkout. */
function modulesOf(code: string): string[] {
  return [...new Set([...code.matchAll(/^\/\*{3}\/ "([^"\n]+)"/gm)].map(([, name = '']) => name.replace(/^\.\//, '')))];
}
