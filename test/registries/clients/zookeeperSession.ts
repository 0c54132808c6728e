import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytes, frame, int, messages, Reader } from '../../../activities/traffic/registries/zookeeper/jute.ts';

const ping = { xid: -2, operation: 11 };
const sessionMs = 30_000;
/** Of Curator; a server that has just started may accept a connection and never answer on it. */
const connectionMs = 1_000;

/** Sends a request; its answer is heard with that number, which is 0 or more. */
export type Send = (xid: number, operation: number, ...body: readonly Buffer[]) => void;

export interface SessionUser {
  /** After each connection. `isNew`: nothing hangs on the session yet. */
  connected(send: Send, isNew: boolean): void;
  /** -1 is the number of what a watch has seen. */
  heard(xid: number, answer: Reader): void;
}

/** A session as Curator keeps it for Dubbo: where its connection is lost it is taken up again, with all that hangs on it, until ZooKeeper has forgotten it. */
export function keepSession(port: number, user: SessionUser, signal: AbortSignal): void {
  let [session, password] = [Buffer.alloc(8), Buffer.alloc(16)];
  const onConnection = async (): Promise<void> => {
    const socket = connect(port, '127.0.0.1');
    const end = (): void => void socket.destroy();
    const send: Send = (xid, operation, ...body) => void socket.write(frame(int(xid), int(operation), ...body));
    signal.addEventListener('abort', end);
    const unanswered = setTimeout(end, connectionMs);
    let beat: NodeJS.Timeout | undefined;
    const greet = (message: Buffer): void => {
      // Protocol, time-out, session, password. No time-out: it is forgotten.
      const [given, word] = [message.subarray(8, 16), message.subarray(20, 36)];
      const isForgotten = message.readInt32BE(4) === 0;
      const isNew = !given.equals(session);
      [session, password] = isForgotten ? [Buffer.alloc(8), Buffer.alloc(16)] : [Buffer.from(given), Buffer.from(word)];
      if (isForgotten) return end();
      clearTimeout(unanswered);
      beat = setInterval(() => send(ping.xid, ping.operation), 1_000);
      user.connected(send, isNew);
    };
    try {
      await once(socket, 'connect');
      const whole = messages();
      socket.on('data', (chunk: Buffer) => {
        for (const message of whole(chunk)) {
          if (beat === undefined) greet(message);
          else {
            const answer = new Reader(message);
            const xid = answer.int();
            if (xid !== ping.xid) user.heard(xid, answer);
          }
        }
      });
      socket.write(frame(int(0), Buffer.alloc(8), int(sessionMs), session, bytes(password), Buffer.of(0)));
      await once(socket, 'close');
    } finally {
      clearTimeout(unanswered);
      clearInterval(beat);
      signal.removeEventListener('abort', end);
      socket.destroy();
    }
  };
  void (async () => {
    while (!signal.aborted) {
      await onConnection().catch(() => undefined);
      await sleep(200, undefined, { signal }).catch(() => undefined);
    }
  })();
}
