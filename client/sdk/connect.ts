import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { toSluiceError } from './faults.ts';
import type { TemporalSettings } from './settings.ts';
import { tlsFault } from './tlsFault.ts';

/** How long the first answer of the server may take, in ms. */
const connectTimeoutMs = 5_000;

/**
 * Opens a connection and waits for the server's first answer. Close it when done.
 * @throws TEMPORAL_UNREACHABLE with the address and who named it; TEMPORAL_REFUSED when the server does not let us in
 */
export async function connect(settings: TemporalSettings, timeoutMs: number = connectTimeoutMs): Promise<Connection> {
  const connection = Connection.lazy({
    address: settings.address,
    ...(settings.tls !== undefined && { tls: settings.tls }),
    ...(settings.apiKey !== undefined && { apiKey: settings.apiKey }),
    // Deadlines bound every call; beyond a few tries an answer is worth more to a person than patience.
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: 4 }))],
  });
  try {
    await connection.withDeadline(Date.now() + timeoutMs, () => connection.workflowService.getSystemInfo({}));
    return connection;
  } catch (error) {
    await connection.close().catch(() => undefined);
    const fault = toSluiceError(error, 'temporal');
    if (fault.code !== 'TEMPORAL_UNREACHABLE') throw fault;
    const reason = fault.details['reason'] as string;
    const tls = tlsFault(reason);
    const next =
      tls?.next ??
      (settings.source === 'the local stack'
        ? 'Run `sluice up` again: it starts what has died. `sluice doctor` shows the parts.'
        : undefined);
    throw new SluiceError(
      'TEMPORAL_UNREACHABLE',
      `The Temporal server at ${settings.address} (from ${settings.source}) cannot be reached: ${tls?.reason ?? reason}`,
      {
        cause: error,
        details: { address: settings.address, source: settings.source },
        ...(next !== undefined && { next }),
      },
    );
  }
}
