import { isGrpcServiceError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { SluiceError } from '../workflows/contract/errors.ts';
import { searchAttributes } from '../workflows/contract/names.ts';

/** temporal.api.enums.v1.IndexedValueType, by the names that our contract uses. */
const indexedValueTypes = { KEYWORD: 2, INT: 3, BOOL: 5 } as const;

/** gRPC status codes, https://grpc.io/docs/guides/status-codes/ */
const grpc = { NOT_FOUND: 5, PERMISSION_DENIED: 7, UNIMPLEMENTED: 12 } as const;

/**
 * Registers the search attributes of releases in `namespace` where they are missing. Without them a release could not
 * even begin: Temporal fails the workflow task that writes one that it does not know.
 * @returns false where only an operator may do that (Temporal Cloud, a server with an authorizer)
 * @throws SluiceError TEMPORAL_REFUSED when the namespace does not exist
 */
export async function registerSearchAttributes(connection: NativeConnection, namespace: string): Promise<boolean> {
  try {
    await registerMissing(connection, namespace);
    return true;
  } catch (error) {
    const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
    if (code === grpc.PERMISSION_DENIED || code === grpc.UNIMPLEMENTED) return false;
    if (code !== grpc.NOT_FOUND) throw error;
    throw new SluiceError('TEMPORAL_REFUSED', `The Temporal namespace ${namespace} does not exist.`, { cause: error });
  }
}

async function registerMissing(connection: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(searchAttributes).filter(([name]) => !(name in customAttributes));
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, indexedValueTypes[type]])),
  });
}
