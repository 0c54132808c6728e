import { readFile } from 'node:fs/promises';
import { SluiceError } from '../../../workflows/contract/errors.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'it may not be read',
};

/** The text of a spec file. @throws SPEC_UNREADABLE */
export async function readSpecText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw unreadable(path, reasons[code] ?? message, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw unreadable(path, 'it is not UTF-8 text', error);
  }
}

const unreadable = (path: string, reason: string, cause: unknown): SluiceError =>
  new SluiceError('SPEC_UNREADABLE', `${path} cannot be read: ${reason}.`, {
    next: 'Name a file with a release spec in YAML or JSON, or `-` for standard input.',
    details: { file: path, reason },
    cause,
  });
