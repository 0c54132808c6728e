// Carries TCP connections from one network namespace to another over unix sockets: one relay listens on the sockets and calls the machine's loopback
// ports, another listens in the other namespace on the same port numbers and calls the sockets.
//
//   node relay.mjs <from>=<to> …      each is a path or <host>:<port>
import { rmSync } from 'node:fs';
import net from 'node:net';
import { pipeline } from 'node:stream';

const address = (text) => {
  if (text.startsWith('/')) return { path: text };
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
};

for (const pair of process.argv.slice(2)) {
  const [from, to] = pair.split('=');
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (incoming) => {
    const outgoing = net.connect({ ...address(to), allowHalfOpen: true, noDelay: true });
    // A broken end breaks the other, so that nobody waits for an answer that cannot come.
    pipeline(incoming, outgoing, () => {});
    pipeline(outgoing, incoming, () => {});
  });
  server.on('error', (error) => {
    console.error(`${from}: ${error.message}`);
    process.exit(1);
  });
  // A socket file that a killed relay left behind.
  if (from.startsWith('/')) rmSync(from, { force: true });
  server.listen(address(from));
}
