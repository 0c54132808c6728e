import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { tied } from '../support/tied.ts';

/** A way from pods of the local kubelet to what listens on the machine's loopback. */
export interface Door {
  /** What `address` is called from there. */
  readonly address: string;
  close(): Promise<void>;
}

/** @param machine the machine's address as the pods reach it */
export async function openDoor(machine: string, address: string): Promise<Door> {
  const url = new URL(address);
  const to = Number(url.port);
  const sockets = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect(to, '127.0.0.1');
    tied(incoming, outgoing, sockets);
    incoming.pipe(outgoing).pipe(incoming);
  });
  server.listen(0, machine);
  await once(server, 'listening');
  const at = server.address();
  url.host = `${machine}:${typeof at === 'object' && at ? at.port : 0}`;
  return {
    address: url.href.replace(/\/$/, ''),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
