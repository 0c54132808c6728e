import { once } from 'node:events';
import { createServer, connect as overTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { frame, int, messages, Reader } from '../../activities/traffic/registries/zookeeper/jute.ts';
import { tied } from '../support/tied.ts';
import type { Front, Mood } from './front.ts';

const operations: Readonly<Record<number, string>> = { 1: 'create', 2: 'delete', 5: 'setData' };
const noAuth = -102;

/** What frontOf is for HTTP, before a ZooKeeper: the same moods, in its own words. */
export async function zookeeperFrontOf(
  port: number,
  tls?: { readonly cert: Buffer; readonly key: Buffer },
): Promise<Front> {
  const writes: string[] = [];
  const calls: number[] = [];
  const sockets = new Set<Socket>();
  let mood: Mood = 'well';
  const isAway = (): boolean => mood === 'down' || (typeof mood === 'object' && 'status' in mood && mood.status >= 500);

  const answer = (socket: Socket): void => {
    if (isAway()) return void socket.destroy();
    const server = overTcp(port, '127.0.0.1');
    tied(socket, server, sockets);
    server.pipe(socket);
    let digest: string | undefined;
    const pass = async (message: Buffer, isGreeting: boolean): Promise<void> => {
      if (isAway()) return void socket.destroy();
      if (!isGreeting) {
        calls.push(Date.now());
        const body = new Reader(message);
        const xid = body.int();
        const operation = body.int();
        if (operation === 100) {
          body.skip(4);
          body.text();
          digest = body.text();
        } else if (refuses(mood, digest)) {
          return void socket.write(frame(int(xid), Buffer.alloc(8), int(noAuth)));
        }
        if (typeof mood === 'object' && 'slowMs' in mood) await sleep(mood.slowMs);
        const name = operations[operation];
        if (name !== undefined) writes.push(`${name} ${body.text()}`);
      }
      server.write(frame(message));
    };
    const whole = messages();
    let isFirst = true;
    let turn = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      for (const message of whole(chunk)) {
        const isGreeting = isFirst;
        isFirst = false;
        turn = turn.then(() => pass(message, isGreeting));
      }
    });
  };
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  // Who does not trust it hangs up in the middle of the handshake.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  const own = typeof at === 'object' && at ? at.port : 0;
  return {
    address: `zookeeper${tls === undefined ? '' : '+tls'}://127.0.0.1:${own}`,
    writes,
    calls,
    be: (now) => {
      mood = now;
      if (isAway()) for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function refuses(mood: Mood, digest = ''): boolean {
  if (typeof mood !== 'object') return false;
  if ('status' in mood) return true;
  return 'authorization' in mood && mood.authorization !== `Basic ${btoa(digest)}`;
}
