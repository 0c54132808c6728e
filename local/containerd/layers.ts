import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

/** Programs of busybox that one types into a container. */
const applets = (
  'ash awk base64 basename cat cp cut date df dirname du echo env false find grep head hostname id ip kill ln ls mkdir mktemp more mv nc ' +
  'netstat nslookup ping printenv printf ps pwd rm rmdir sed seq sh sleep sort stat tail tar tee test timeout top touch tr true uname uniq ' +
  'vi wc wget whoami xargs yes'
).split(' ');

/**
 * A layer with busybox and its names, the users root and nobody, and /tmp.
 * @returns path of the tarball
 */
export async function toolsLayer(directory: string, busybox: string): Promise<string> {
  const root = join(directory, 'tools');
  for (const name of ['bin', 'etc', 'tmp']) await mkdir(join(root, name), { recursive: true });
  await copyFile(busybox, join(root, 'bin/busybox'));
  await Promise.all(applets.map((applet) => symlink('busybox', join(root, 'bin', applet))));
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnobody:x:65534:\n');
  return pack(root);
}

/** A layer with one program, as /<name>. @returns path of the tarball */
export async function programLayer(directory: string, name: string, binary: string): Promise<string> {
  const root = join(directory, name);
  await mkdir(root, { recursive: true });
  await copyFile(binary, join(root, name));
  return pack(root);
}

/** The same content gives the same bytes, so the same image has the same digest on every machine and after every `up`. */
async function pack(root: string): Promise<string> {
  const file = `${root}.tar`;
  await run('tar', [
    '--create',
    `--file=${file}`,
    `--directory=${root}`,
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=a+rX,u+w,go-w',
    '--format=ustar',
    '.',
  ]);
  return file;
}
