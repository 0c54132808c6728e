import net from 'node:net';
import { SluiceError } from '../workflows/contract/errors.ts';
import { portHolder } from './process/port-holder.ts';
import { until } from './process/wait.ts';

/** Below the range from which kernels give out ports by themselves, so that no outgoing connection takes one between `down` and `up`. */
const range = { from: 20_000, to: 32_000 };

export interface PortRequest {
  /** Name → number tried first; 0 for any. */
  readonly wanted: Readonly<Record<string, number>>;
  /** Name → number that it must be. */
  readonly asked?: Readonly<Record<string, number>>;
  /** Name → number it was before. */
  readonly remembered?: Readonly<Record<string, number>>;
  /** Numbers on which the stack's own living parts listen. */
  readonly own?: ReadonlySet<number>;
}

/**
 * A port for every wanted name: what was asked, else what it was, else what is preferred, else any free one.
 * @throws LOCAL_PORT_TAKEN when a port that was asked for is taken or asked for twice; USAGE for a name or number that cannot be
 */
export async function choosePorts(request: PortRequest): Promise<Record<string, number>> {
  const { wanted, asked = {}, remembered = {}, own = new Set<number>() } = request;
  for (const [name, port] of Object.entries(asked)) await checkAsked(request, name, port);
  const chosen: Record<string, number> = { ...asked };
  const used = new Set(Object.values(asked));
  for (const [name, preferred] of Object.entries(wanted)) {
    if (chosen[name] !== undefined) continue;
    const before = remembered[name] ?? 0;
    const stays = before !== 0 && !used.has(before) && (own.has(before) || (await becomesFree(before)));
    const found = stays ? before : await firstUsable([preferred], used, own);
    chosen[name] = found;
    used.add(found);
  }
  return chosen;
}

async function checkAsked({ wanted, asked = {}, own }: PortRequest, name: string, port: number): Promise<void> {
  if (wanted[name] === undefined) {
    throw new SluiceError('USAGE', `There is no port named ${name}.`, {
      next: `Use one of ${Object.keys(wanted).join(', ')}.`,
    });
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new SluiceError('USAGE', `${port} is not a port number for ${name}.`, {
      next: 'Use a number from 1 to 65535.',
    });
  }
  const other = Object.entries(asked).find(([one, number]) => one !== name && number === port);
  if (other !== undefined) {
    throw new SluiceError('LOCAL_PORT_TAKEN', `Port ${port} was asked for twice: for ${name} and for ${other[0]}.`);
  }
  if (own?.has(port) === true || (await isFree(port))) return;
  const holder = await portHolder(port);
  throw new SluiceError(
    'LOCAL_PORT_TAKEN',
    `Port ${port}, asked for ${name}, is taken${holder === undefined ? '' : ` by ${holder}`}.`,
    {
      details: { port, name, ...(holder === undefined ? {} : { holder }) },
    },
  );
}

async function firstUsable(
  candidates: readonly number[],
  used: ReadonlySet<number>,
  own: ReadonlySet<number>,
): Promise<number> {
  for (const port of candidates) {
    if (port !== 0 && !used.has(port) && (own.has(port) || (await isFree(port)))) return port;
  }
  for (;;) {
    const port = range.from + Math.floor(Math.random() * (range.to - range.from));
    if (!used.has(port) && (await isFree(port))) return port;
  }
}

/**
 * Whether nobody listens on a port that was ours, or soon nobody will: a process that was killed is gone for all who look
 * for it a moment before the kernel takes its sockets away. Others' commands know the address, so it is worth a wait.
 */
async function becomesFree(port: number): Promise<boolean> {
  const isOver = async (): Promise<boolean | undefined> => {
    if (await isFree(port)) return true;
    return (await portHolder(port)) === undefined ? undefined : false;
  };
  return (await until(isOver, { timeoutMs: 5_000 })) ?? false;
}

/** Whether nobody listens on that loopback port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
