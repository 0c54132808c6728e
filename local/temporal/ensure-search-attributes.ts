import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { searchAttributes } from '../../workflows/contract/names.ts';
import { binaryOf, portOf } from '../context.ts';
import type { RuntimeContext } from '../types.ts';
import { searchAttributeTypes, temporalNamespace } from './part.ts';

/**
 * Registers the search attributes that the namespace lacks. The server's start registers them in a new database only; one that was made by an older
 * Sluice has to be brought along.
 */
export async function ensureSearchAttributes(context: RuntimeContext): Promise<void> {
  const present = await registered(portOf(context, 'temporalHttp'));
  const missing = Object.entries(searchAttributes).filter(([name]) => !present.has(name));
  if (missing.length === 0) return;
  await promisify(execFile)(binaryOf(context, 'temporal'), [
    'operator',
    'search-attribute',
    'create',
    `--address=127.0.0.1:${portOf(context, 'temporal')}`,
    `--namespace=${temporalNamespace}`,
    '--disable-config-file',
    '--disable-config-env',
    ...missing.flatMap(([name, type]) => [`--name=${name}`, `--type=${searchAttributeTypes[type]}`]),
  ]);
}

async function registered(port: number): Promise<Set<string>> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/${temporalNamespace}/search-attributes`);
  if (!response.ok) {
    throw new SluiceError('LOCAL_PART_DIED', `Temporal does not list its search attributes: HTTP ${response.status}.`);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the operator API says what the answer is
  const { customAttributes = {} } = (await response.json()) as { customAttributes?: Record<string, string> };
  return new Set(Object.keys(customAttributes));
}
