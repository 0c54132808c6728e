import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CredentialsFolder {
  /** The files of one `credentials`, as a Secret that is mounted there. */
  write(name: string, files: Readonly<Record<string, string>>): void;
  remove(): void;
}

/**
 * The credentials of the workers of this process: SLUICE_CREDENTIALS_DIR, for one test file. The files of `first` are in
 * every folder.
 */
export function credentialsFolder(first?: {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
}): CredentialsFolder {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-credentials-'));
  process.env['SLUICE_CREDENTIALS_DIR'] = directory;
  const write = (name: string, files: Readonly<Record<string, string>>): void => {
    mkdirSync(join(directory, name), { recursive: true });
    for (const [file, content] of Object.entries({ ...first?.files, ...files }))
      writeFileSync(join(directory, name, file), content);
  };
  if (first !== undefined) write(first.name, {});
  return {
    write,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
