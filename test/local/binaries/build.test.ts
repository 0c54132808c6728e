import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { packagePath } from '../../../local/asset.ts';
import { build } from '../../../local/binaries/build.ts';
import { type Binary, binary, binaryNames, linkerFlags } from '../../../local/binaries/catalog.ts';
import { findGo } from '../../../local/binaries/find-go.ts';
import { failureOf, temporaryDirectory } from '../support/environment.ts';

const hasGo = (await findGo()) !== undefined;

/** Two small programs in a module of their own; built with the real Go. */
const hello: Binary = { ...binary('kwok'), package: 'sluice.test/hello/v2' };
const bye: Binary = { ...binary('kwok'), package: 'sluice.test/hello/v2/bye' };

let modules: string;
let directory: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  modules = join(directory, 'modules');
  await mkdir(join(modules, 'kwok/bye'), { recursive: true });
  await writeFile(join(modules, 'kwok/go.mod'), 'module sluice.test/hello/v2\n\ngo 1.21\n');
  await writeFile(
    join(modules, 'kwok/main.go'),
    `package main\n\n// ${randomUUID()}: not in the build cache\nfunc main() { println("hello") }\n`,
  );
  await writeFile(join(modules, 'kwok/bye/main.go'), 'package main\n\nfunc main() { println("bye") }\n');
});

describe.skipIf(!hasGo)('building with Go', () => {
  test('several programs of a module come from one build, and nothing else is left', async () => {
    const targets = new Map([
      [hello, join(directory, 'hello-v1')],
      [bye, join(directory, 'bye-v1')],
    ]);
    const told: string[] = [];
    await build(targets, join(directory, '.tmp'), { modules, onProgress: (detail) => told.push(detail) });
    expect(spawnSync(join(directory, 'hello-v1'), { encoding: 'utf8' }).stderr).toBe('hello\n');
    expect((await stat(join(directory, 'bye-v1'))).mode & 0o111).not.toBe(0);
    expect((await readdir(directory)).toSorted()).toEqual(['bye-v1', 'hello-v1', 'modules']);
    expect(told.some((detail) => /^\d+ of at most \d+ packages$/.test(detail))).toBe(true);
  });

  test('a build that fails shows the end of what Go said and leaves no program', async () => {
    await writeFile(join(modules, 'kwok/main.go'), 'package main\n\nfunc main() { undefinedThing() }\n');
    const error = await failureOf(
      build(new Map([[hello, join(directory, 'hello-v1')]]), join(directory, '.tmp'), { modules }),
    );
    expect(error).toMatchObject({ code: 'LOCAL_BINARY_UNAVAILABLE' });
    expect(String(error)).toContain('undefinedThing');
    expect(await readdir(directory)).toEqual(['modules']);
  });

  test('a build that is interrupted stops Go and leaves no program', async () => {
    await writeFile(
      join(modules, 'kwok/main.go'),
      'package main\n\nimport "net/http"\n\nfunc main() { http.ListenAndServe("", nil) }\n',
    );
    const stop = new AbortController();
    const work = build(new Map([[hello, join(directory, 'hello-v1')]]), join(directory, '.tmp'), {
      modules,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('interrupted')),
    });
    expect(String(await failureOf(work))).toContain('interrupted');
    expect(await readdir(directory)).toEqual(['modules']);
  });
});

test('every program of the catalog is a tool of its module, at the version that the catalog says', async () => {
  for (const name of binaryNames) {
    const { module, package: path, version } = binary(name);
    const text = await readFile(packagePath('local/go', module, 'go.mod'), 'utf8');
    // A program of the module itself needs no directive, and has no version but its own.
    if (path.startsWith(/^module (\S+)/m.exec(text)?.[1] ?? '-')) continue;
    expect(text, `${name} in ${module}/go.mod`).toMatch(
      new RegExp(`^(tool )?\\s*${path.replaceAll('.', '\\.')}$`, 'm'),
    );
    const required = text.split('\n').flatMap((line) => /^\s*(?:require )?(\S+) v(\S+)/.exec(line)?.slice(1, 3) ?? []);
    const index = required.findIndex(
      (module_, at) => at % 2 === 0 && (path === module_ || path.startsWith(`${module_}/`)),
    );
    expect(required[index + 1], `${name} in ${module}/go.mod`).toBe(version);
  }
});

test('the linker is told where each version belongs', () => {
  for (const flags of Object.values(linkerFlags)) expect(flags).toMatch(/^-s -w/);
  expect(linkerFlags.kubernetes).toContain(`gitVersion=v${binary('kubelet').version}`);
  expect(linkerFlags.temporal).toContain(`Version=${binary('temporal').version}`);
});
