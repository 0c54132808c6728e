import { join } from 'node:path';
import { searchAttributes } from '../../workflows/contract/names.ts';
import { binaryOf, portOf } from '../context.ts';
import type { Part, RuntimeContext } from '../types.ts';
import { dynamicConfig } from './dynamic-config.ts';

/** The namespace of the local stack. */
export const temporalNamespace = 'default';

/** Temporal's development server with its Web UI, on a database file that survives. */
export function temporalPart(context: RuntimeContext): Part {
  const port = portOf(context, 'temporal');
  const ui = portOf(context, 'temporalUi');
  const http = portOf(context, 'temporalHttp');
  const metrics = portOf(context, 'temporalMetrics');
  return {
    name: 'temporal',
    binary: binaryOf(context, 'temporal'),
    args: [
      'server',
      'start-dev',
      '--ip=127.0.0.1',
      `--port=${port}`,
      `--ui-port=${ui}`,
      `--http-port=${http}`,
      `--metrics-port=${metrics}`,
      `--namespace=${temporalNamespace}`,
      `--db-filename=${databaseFile(context)}`,
      '--sqlite-pragma=journal_mode=wal',
      '--sqlite-pragma=synchronous=normal',
      ...Object.entries(dynamicConfig).map(([key, value]) => `--dynamic-config-value=${key}=${JSON.stringify(value)}`),
      ...Object.entries(searchAttributes).map(
        ([name, type]) => `--search-attribute=${name}=${searchAttributeTypes[type]}`,
      ),
      '--log-level=warn',
      '--color=never',
      // The user's own Temporal profile is none of its business.
      '--disable-config-file',
      '--disable-config-env',
    ],
    ready: { kind: 'http', url: `http://127.0.0.1:${http}/api/v1/namespaces/${temporalNamespace}` },
    ports: [port, ui, http, metrics],
    address: `127.0.0.1:${port}`,
  };
}

/** The command line spells the types in its own way. */
export const searchAttributeTypes = { KEYWORD: 'Keyword', INT: 'Int', BOOL: 'Bool' } as const;

function databaseFile({ paths }: RuntimeContext): string {
  return join(paths.data, 'temporal.sqlite');
}
