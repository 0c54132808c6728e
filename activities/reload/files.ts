import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { type ExecAt, exec } from '../kubernetes/exec.ts';
import type { Connection } from '../kubernetes/types.ts';
import { type Acted, actedOf } from './act.ts';
import type { Content } from './artifacts.ts';

const timeoutMs = 60_000;
/** What is begun is awaited, as a command is. */
const options = () => ({ timeoutMs, signal: new AbortController().signal });

/** What all of it is done with: programs that an image with a shell has. */
const tools = 'basename chmod cp dirname head mv rm stat wc';

/** Says what is missing, for the directories that are its arguments. */
export const probeScript = `
for tool in ${tools}; do command -v $tool >/dev/null || { echo "its image has no program $tool" >&2; exit 1; }; done
for file; do
  dir=$(dirname "$file")
  [ -d "$dir" ] || { echo "it has no directory $dir" >&2; exit 1; }
  [ -w "$dir" ] || { echo "it may not write to $dir" >&2; exit 1; }
  [ ! -d "$file" ] || { echo "$file is a directory" >&2; exit 1; }
done`;

/** Beside the file, from stdin, with the permissions of the one that is there: file, new, bytes. */
export const writeScript = `set -e
umask 022
head -c "$3" > "$2"
[ "$(wc -c < "$2")" -eq "$3" ] || { echo "$1 did not arrive whole" >&2; exit 1; }
if [ -e "$1" ]; then chmod "$(stat -L -c %a "$1")" "$2"; fi`;

/**
 * First all that is there is kept, then each is put in its place by a rename. What this release has kept before stays,
 * also where it found nothing; what an earlier release kept goes. Threes of: file, new, old.
 */
export const swapScript = `set -e
keep() {
  dir=$(dirname "$1") base=$(basename "$1")
  for other in "$dir/.$base".sluice-*; do
    case "$other" in "$2"|"$3"|"$3-none") ;; *) rm -f "$other" ;; esac
  done
  if [ -e "$3" ] || [ -L "$3" ] || [ -e "$3-none" ]; then return 0; fi
  if [ -e "$1" ] || [ -L "$1" ]; then cp -pP "$1" "$3-part"; mv -f "$3-part" "$3"; else : > "$3-none"; fi
}
count=$#
while [ "$count" -gt 0 ]; do
  keep "$1" "$2" "$3"
  set -- "$@" "$1" "$2" "$3"
  shift 3
  count=$((count - 3))
done
while [ $# -gt 0 ]; do mv -f "$2" "$1"; shift 3; done`;

/** Threes of: file, new, old. */
export const backScript = `set -e
while [ $# -gt 0 ]; do
  if [ -e "$3" ] || [ -L "$3" ]; then mv -f "$3" "$1"; elif [ -e "$3-none" ]; then rm -f "$1" "$3-none"; fi
  rm -f "$2"
  shift 3
done`;

type Kube = Pick<Connection, 'config'>;

/** Why files cannot be put there; undefined where nothing is known to be in the way. */
export async function whyNoFiles(
  kube: Kube,
  at: ExecAt,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const acted = actedOf(await exec(kube, at, shell(probeScript, paths), { timeoutMs: 5_000, signal }), timeoutMs);
  if (acted === 'done' || acted.is === 'unreached' || acted.is === 'refused') return undefined;
  if (acted.is === 'impossible') return 'its image has no sh to put files with';
  return acted.reason.replace(/^exit code \d+: /, '');
}

/** Puts the files in their places; what was there is kept for {@link putBack}. */
export async function putFiles(kube: Kube, at: ExecAt, contents: readonly Content[], holder: string): Promise<Acted> {
  for (const { path, bytes } of contents) {
    const [file, fresh] = namesOf(path, holder);
    const command = shell(writeScript, [file, fresh, String(bytes.length)]);
    const acted = actedOf(await exec(kube, at, command, { ...options(), stdin: bytes }), timeoutMs);
    if (acted !== 'done') return acted;
  }
  return inPlaces(
    kube,
    at,
    swapScript,
    contents.map(({ path }) => path),
    holder,
  );
}

/** Puts back what `holder` found there, and takes away what it found nothing in place of. */
export const putBack = (kube: Kube, at: ExecAt, paths: readonly string[], holder: string): Promise<Acted> =>
  inPlaces(kube, at, backScript, paths, holder);

async function inPlaces(
  kube: Kube,
  at: ExecAt,
  script: string,
  paths: readonly string[],
  holder: string,
): Promise<Acted> {
  const names = paths.flatMap((path) => namesOf(path, holder));
  return actedOf(await exec(kube, at, shell(script, names), options()), timeoutMs);
}

const shell = (script: string, words: readonly string[]): string[] => ['sh', '-c', script, 'sh', ...words];

/** The file, and beside it, hidden, so that nobody takes it for one of theirs: the new one, and the old one. */
export function namesOf(path: string, holder: string): readonly [string, string, string] {
  const mark = createHash('sha256').update(holder).digest('hex').slice(0, 8);
  const beside = posix.join(posix.dirname(path), `.${posix.basename(path)}.sluice-${mark}`);
  return [path, `${beside}-new`, `${beside}-old`];
}
