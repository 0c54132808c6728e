import { userInfo } from 'node:os';
import type { ErrorCode, SluiceError } from '../../workflows/contract/errors.ts';
import type { Sluice } from '../sdk/client.ts';
import type { TemporalSettings } from '../sdk/settings.ts';
import type { Io } from './io.ts';
import type { Output } from './output.ts';
import type { CommandDefaults } from './view/commands.ts';

/** Options of every command that talks to Temporal. */
export interface ConnectionFlags {
  readonly temporalAddress?: string;
  readonly temporalNamespace?: string;
}

/** What a command gets: the outside, its output, and the way to the servers. */
export interface Session {
  readonly io: Io;
  readonly output: Output;
  readonly defaults: CommandDefaults;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Ctrl-C, after the command has said what goes on without it. The exit code is that of SIGINT in every shell. */
export class Interrupted extends Error {
  static readonly exit = 130;
}

/** Who says it, when nobody is named: $SLUICE_USER, $USER, or the user that runs the process. */
export function whoAmI(env: Io['env']): string {
  return env['SLUICE_USER'] || env['USER'] || env['LOGNAME'] || userInfo().username;
}

/** The settings of the Temporal server, with the running local stack as the last but one resort. */
export async function settingsOf(session: Session, flags: ConnectionFlags): Promise<TemporalSettings> {
  const { temporalSettings } = await import('../sdk/settings.ts');
  return temporalSettings({
    address: flags.temporalAddress,
    namespace: flags.temporalNamespace,
    env: session.io.env,
    local: async () => {
      const { environment } = await import('../../local/inspect.ts');
      return environment().catch((error: unknown) => {
        if ((error as SluiceError).code === ('LOCAL_NOT_UP' satisfies ErrorCode)) return undefined;
        throw error;
      });
    },
  });
}

/** Runs `use` with a connection to Temporal that is closed afterwards. The SDK is loaded only here: `--help` is quick. */
export async function withSluice<T>(
  session: Session,
  flags: ConnectionFlags,
  use: (sluice: Sluice) => Promise<T>,
  /** How long the server may take to answer at all, in ms. */
  patienceMs?: number,
): Promise<T> {
  const [{ connect }, { createSluice }, settings] = await Promise.all([
    import('../sdk/connect.ts'),
    import('../sdk/client.ts'),
    settingsOf(session, flags),
  ]);
  const connection = await connect(settings, patienceMs);
  try {
    return await use(createSluice(connection, { namespace: settings.namespace }));
  } finally {
    await connection.close();
  }
}
