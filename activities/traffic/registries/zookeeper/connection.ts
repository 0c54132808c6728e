import { once } from 'node:events';
import { isIP, connect as overTcp, type Socket } from 'node:net';
import { connect as overTls } from 'node:tls';
import { bytes, frame, int, messages, Reader, text } from './jute.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Security {
  readonly tls: boolean;
  /** PEM. */
  readonly ca?: string | undefined;
  /** `name:password`, for the scheme `digest`. */
  readonly digest?: string | undefined;
}

export interface Reply {
  /** 0, or a code of KeeperException. */
  readonly code: number;
  readonly body: Reader;
}

const authentication = { operation: 100, xid: -4 };
/** Nothing of ours hangs on the session, so it need not outlive the connection; the server ends it after this. */
const sessionMs = 30_000;
/** Well below a third of the session: no pings are needed. */
const idleMs = 5_000;

/**
 * One connection with a session of its own, which nothing depends on: no watches, no ephemeral nodes. When either is lost every
 * call under way fails, and the next one opens another.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { resolve(reply: Reply): void; reject(error: unknown): void }>();
  #lastXid = 0;
  #lost: unknown;
  #idle: NodeJS.Timeout | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** `onEnd`: it can be used no more. @throws when nobody answers, or somebody who does not speak ZooKeeper */
  static async open(
    { host, port }: Endpoint,
    { tls, ca, digest }: Security,
    timeoutMs: number,
    onEnd: () => void,
  ): Promise<Connection> {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = tls ? overTls({ host, port, ...name, ...(ca !== undefined && { ca }) }) : overTcp({ host, port });
    const connection = new Connection(socket);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException('no answer', 'TimeoutError')), timeoutMs);
    try {
      await once(socket, tls ? 'secureConnect' : 'connect', { signal: late.signal });
      socket.setNoDelay(true);
      const greeted = connection.#wait(0);
      const whole = messages();
      let first = true;
      socket.on('data', (chunk: Buffer) => {
        for (const message of whole(chunk)) {
          if (first) connection.#greet(message);
          else connection.#read(message);
          first = false;
        }
      });
      socket.on('error', (error) => connection.#fail(error));
      socket.on('close', () => {
        connection.#fail(new Error('the connection was lost'));
        onEnd();
      });
      late.signal.addEventListener('abort', () => connection.#fail(late.signal.reason));
      // Protocol, last zxid, session time-out, no session, its password.
      socket.write(
        frame(int(0), Buffer.alloc(8), int(sessionMs), Buffer.alloc(8), bytes(Buffer.alloc(16)), Buffer.of(0)),
      );
      await greeted;
      if (digest !== undefined) {
        const accepted = connection.#wait(authentication.xid);
        const proof = [int(0), text('digest'), text(digest)];
        socket.write(frame(int(authentication.xid), int(authentication.operation), ...proof));
        await accepted;
      }
    } catch (error) {
      socket.destroy();
      throw late.signal.aborted ? late.signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
    connection.#rest();
    return connection;
  }

  /** @throws when the connection or the session is lost, or there is no answer in time */
  async call(operation: number, body: Buffer, timeoutMs: number): Promise<Reply> {
    if (this.#lost !== undefined) throw this.#lost;
    this.#lastXid += 1;
    const xid = this.#lastXid;
    clearTimeout(this.#idle);
    this.#socket.ref();
    const reply = this.#wait(xid);
    const timer = setTimeout(() => this.#fail(new DOMException('no answer', 'TimeoutError')), timeoutMs);
    this.#socket.write(frame(int(xid), int(operation), body));
    try {
      return await reply;
    } finally {
      clearTimeout(timer);
      this.#rest();
    }
  }

  /** Closes it when it is not used for a while; a process that ends does not wait for it. */
  #rest(): void {
    if (this.#waiting.size > 0) return;
    this.#socket.unref();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#socket.destroy(), idleMs).unref();
  }

  #wait(xid: number): Promise<Reply> {
    const reply = new Promise<Reply>((resolve, reject) => this.#waiting.set(xid, { resolve, reject }));
    // It may be lost before anybody waits.
    reply.catch(() => undefined);
    return reply;
  }

  #greet(message: Buffer): void {
    const body = new Reader(message);
    try {
      body.int();
      // A session that the server refuses lasts 0 ms.
      if (body.int() <= 0) throw new Error('it refuses a session');
      this.#settle(0, { code: 0, body });
    } catch (error) {
      this.#fail(error);
    }
  }

  #read(message: Buffer): void {
    try {
      const body = new Reader(message);
      const xid = body.int();
      body.skip(8);
      const code = body.int();
      this.#settle(xid, { code, body });
    } catch (error) {
      this.#fail(error);
    }
  }

  #settle(xid: number, reply: Reply): void {
    this.#waiting.get(xid)?.resolve(reply);
    this.#waiting.delete(xid);
  }

  #fail(error: unknown): void {
    this.#lost ??= error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#socket.destroy();
    for (const call of waiting) call.reject(error);
  }
}
