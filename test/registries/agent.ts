import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Registered, RegistryUnderTest, RegistryUser } from './conformance.ts';

/** An agent of ours beside the pods, for an application that does not speak the registry's protocol: it holds the session for it. */
export interface Agent {
  readonly address: string;
  close(): Promise<void>;
}

/** `POST /register`, `/beat` and `/leave` with a {@link Registered}; a beat of one whose session is lost is refused. */
export async function startAgent(registry: Pick<RegistryUnderTest, 'register'>): Promise<Agent> {
  const users = new Map<string, RegistryUser>();
  const acts: Readonly<Record<string, (registered: Registered) => Promise<void>>> = {
    '/register': async (registered) => {
      const known = users.get(registered.pod);
      if (known === undefined) users.set(registered.pod, await registry.register(registered));
      else await known.again();
    },
    '/beat': async ({ pod }) => {
      const user = users.get(pod);
      if (user === undefined) throw new Error('who?');
      await user.beat();
    },
    '/leave': async ({ pod }) => {
      await users.get(pod)?.leave();
      users.delete(pod);
    },
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const act = acts[request.url ?? ''];
      const registered = JSON.parse(Buffer.concat(chunks).toString()) as Registered;
      (act?.(registered) ?? Promise.reject(new Error('no such call'))).then(
        () => response.end(),
        (error: unknown) => response.writeHead(410).end(String(error)),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  return {
    address: `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
