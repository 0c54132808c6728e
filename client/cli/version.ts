import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version in the nearest package.json above this file: it is one level further up in `dist`. */
export function version(): string {
  let directory = import.meta.dirname;
  while (directory !== dirname(directory)) {
    try {
      const found: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
      return (found as { version: string }).version;
    } catch {
      directory = dirname(directory);
    }
  }
  return 'unknown';
}
