import type { NativeConnection } from '@temporalio/worker';
import { searchAttributes } from '../workflows/contract/names.ts';

/** temporal.api.enums.v1.IndexedValueType, by the names that our contract uses. */
const indexedValueTypes = { KEYWORD: 2, INT: 3, BOOL: 5 } as const;

/**
 * Registers the search attributes of releases in `namespace` where they are missing. Without them a release could not
 * even begin: Temporal fails the workflow task that writes one that it does not know.
 */
export async function registerSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(searchAttributes).filter(([name]) => !(name in customAttributes));
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, indexedValueTypes[type]])),
  });
}
