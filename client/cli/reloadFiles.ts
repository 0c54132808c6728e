import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { mostText } from '../../workflows/contract/reload.ts';

const flag = '--reload-files';
const elsewhere =
  'Put them where the worker can get them, and name them in change.reload.files of a spec: push them with `oras push registry.example/rules:7 …` and write `image` with its digest and `from`, or write `url` and `sha256`.';

/**
 * Files of this machine as texts of a spec, so that a release needs nothing of it any more once it has begun.
 * @param pairs `/in/the/container=here`; of a directory everything below it, by its place there
 * @throws USAGE where one cannot be read, is no text, or all together are too large for a spec
 */
export function reloadFilesOf(
  pairs: readonly string[] | undefined,
): readonly { readonly path: string; readonly text: string }[] | undefined {
  const files = pairs?.flatMap(filesOf);
  const bytes = files?.reduce((sum, { size }) => sum + size, 0) ?? 0;
  if (bytes > mostText) {
    throw usage(
      `${flag}: found ${bytes} bytes in ${files?.length} files; a spec holds at most ${mostText}.`,
      elsewhere,
    );
  }
  return files?.map(({ path, local }) => ({ path, text: textOf(local) }));
}

interface LocalFile {
  readonly path: string;
  readonly local: string;
  readonly size: number;
}

function filesOf(pair: string): readonly LocalFile[] {
  const at = pair.indexOf('=');
  const [path, local] = [pair.slice(0, at), pair.slice(at + 1)];
  if (at <= 0 || local === '') {
    throw usage(
      `${flag}: found "${pair}".`,
      `Write ${flag} /in/the/container=here, such as \`${flag} /etc/nginx/conf.d=./conf.d\`.`,
    );
  }
  try {
    const found = statSync(local);
    if (!found.isDirectory()) return [{ path, local, size: found.size }];
    const entries = readdirSync(local, { withFileTypes: true, recursive: true }).filter((one) => !one.isDirectory());
    if (entries.length === 0) throw usage(`${flag}: ${local} holds no file.`);
    return entries
      .map((entry) => {
        const file = join(entry.parentPath, entry.name);
        if (!entry.isFile()) throw usage(`${flag}: ${file} is no file, but a link or the like.`);
        const below = file.slice(join(local, sep).length).split(sep).join(posix.sep);
        return { path: posix.join(path, below), local: file, size: statSync(file).size };
      })
      .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw usage(`${flag}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function textOf(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch {
    throw usage(`${flag}: ${file} is no text in UTF-8, and a spec holds texts.`, elsewhere);
  }
}

const usage = (message: string, next?: string): SluiceError =>
  new SluiceError('USAGE', message, next === undefined ? {} : { next });
