import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CredentialsFolder {
  /** The files of one `credentials`, as a Secret that is mounted there. */
  write(name: string, files: Readonly<Record<string, string>>): void;
  remove(): void;
}

let directory: string | undefined;

/**
 * The credentials of the workers of this process: SLUICE_CREDENTIALS_DIR, one for all suites of a test file. The files of
 * `first` are in every folder. It is made with the first file: a suite that is skipped leaves nothing.
 */
export function credentialsFolder(first?: {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
}): CredentialsFolder {
  const folder = (directory ??= join(tmpdir(), `sluice-credentials-${randomUUID()}`));
  process.env['SLUICE_CREDENTIALS_DIR'] = folder;
  const write = (name: string, files: Readonly<Record<string, string>>): void => {
    mkdirSync(join(folder, name), { recursive: true });
    for (const [file, content] of Object.entries({ ...first?.files, ...files }))
      writeFileSync(join(folder, name, file), content);
  };
  if (first !== undefined) write(first.name, {});
  return {
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
