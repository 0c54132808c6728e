import { failureText } from '../../../failureText.ts';
import { type Credentials, credentialsOf } from '../credentials.ts';
import { RegistryFailure, RegistryRefusal, unanswered } from '../failure.ts';
import { type Pace, paceOf } from '../pace.ts';
import { type RegistryServer, timeoutMs } from '../server.ts';
import { Connection, type Endpoint, type Reply } from './connection.ts';
import { bytes, int, text } from './jute.ts';

/** https://github.com/apache/zookeeper/blob/master/zookeeper-server/src/main/java/org/apache/zookeeper/ZooDefs.java */
const operations = { create: 1, delete: 2, getAcl: 6, getChildren: 8, sync: 9 };
/** KeeperException.Code */
const codes = { noNode: -101, noAuth: -102, nodeExists: -110, authFailed: -115 };

/** By server and who one is: all activities of a process share one. */
const connections = new Map<string, Promise<Connection>>();

/** Calls to one ZooKeeper ensemble: at a bounded rate, with a time-out, backing off while it fails. Paths are below that of `server`. */
export class ZooKeeperClient {
  readonly #to: RegistryServer;
  readonly #signal: AbortSignal;
  readonly pace: Pace;

  /**
   * `to.server`: `zookeeper://a:2181,b:2181`, with a path below which all is; `zookeeper+tls://…`. `signal`: the activity's; no
   * call is begun after it.
   */
  constructor(to: RegistryServer, signal: AbortSignal) {
    this.#to = to;
    this.#signal = signal;
    this.pace = paceOf(to.server);
  }

  /** The names of the nodes below, as the leader has them; undefined: there is no such node. @throws RegistryFailure */
  async children(path: string): Promise<readonly string[] | undefined> {
    await this.#call('sync', path);
    const found = await this.#call('getChildren', path, Buffer.of(0));
    return found.code === codes.noNode ? undefined : found.body.list(() => found.body.text());
  }

  /**
   * Makes an empty node that outlasts us, with the permissions of `like`; one that is there is left as it is.
   * @throws RegistryFailure, also where there is nothing above it
   */
  async create(path: string, like: string): Promise<void> {
    const { code: absent, body } = await this.#call('getAcl', like);
    if (absent !== 0) throw new RegistryFailure(`ZooKeeper has no ${like} any more.`);
    const permissions = body.list(() => [int(body.int()), text(body.text()), text(body.text())]);
    const acl = Buffer.concat([int(permissions.length), ...permissions.flat()]);
    const { code } = await this.#call('create', path, bytes(Buffer.alloc(0)), acl, int(0));
    if (code === codes.noNode) throw new RegistryFailure(`ZooKeeper has nothing above ${path}.`);
  }

  /** Removes a node, or finds it gone. @throws RegistryFailure */
  async remove(path: string): Promise<void> {
    await this.#call('delete', path, int(-1));
  }

  /** `code`: 0, or that the node is not there, or there already. */
  async #call(operation: keyof typeof operations, path: string, ...rest: readonly Buffer[]): Promise<Reply> {
    const { server, callsPerSecond, credentials } = this.#to;
    const known = await credentialsOf(credentials);
    const { endpoints, root, hosts } = parse(server);
    this.#signal.throwIfAborted();
    const attempt = await this.pace.turn(hosts, callsPerSecond, this.#signal);
    try {
      const connection = await connected(server, endpoints, known);
      const reply = await connection.call(
        operations[operation],
        Buffer.concat([text(root + path), ...rest]),
        timeoutMs,
      );
      attempt.succeeded();
      if (reply.code === codes.noAuth || reply.code === codes.authFailed) {
        throw new RegistryRefusal(
          `${hosts} refuses ${operation} of ${root}${path}.`,
          'Correct `credentials`: the folder of the worker with the name and password that this server accepts.',
        );
      }
      if (![0, codes.noNode, codes.nodeExists].includes(reply.code))
        throw new RegistryFailure(`${hosts} answers ${operation} of ${root}${path} with ${reply.code}.`);
      return reply;
    } catch (error) {
      if (error instanceof RegistryFailure) throw error;
      attempt.failed();
      throw unanswered(hosts, failureText(error, timeoutMs), timeoutMs);
    }
  }
}

function connected(server: string, endpoints: readonly Endpoint[], { user, ca }: Credentials): Promise<Connection> {
  const security = {
    tls: server.startsWith('zookeeper+tls:'),
    ca,
    digest: user && `${user.name}:${user.password}`,
  };
  const key = JSON.stringify([server, security]);
  const there = connections.get(key);
  if (there !== undefined) return there;
  const forget = (): void => {
    if (connections.get(key) === opening) connections.delete(key);
  };
  const opening = (async () => {
    let why: unknown;
    for (const endpoint of shuffled(endpoints)) {
      try {
        return await Connection.open(endpoint, security, timeoutMs / endpoints.length, forget);
      } catch (error) {
        why = error;
      }
    }
    throw why;
  })();
  connections.set(key, opening);
  opening.catch(forget);
  return opening;
}

const shuffled = (endpoints: readonly Endpoint[]): readonly Endpoint[] =>
  endpoints
    .map((endpoint) => ({ endpoint, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ endpoint }) => endpoint);

/** The schema has seen to its form. */
function parse(server: string): {
  readonly endpoints: readonly Endpoint[];
  readonly root: string;
  readonly hosts: string;
} {
  const [, hosts = '', path = ''] = /^[^/]*\/\/([^/]*)(.*)$/.exec(server) ?? [];
  const endpoints = hosts.split(',').map((one) => {
    const [, host = one, port = '2181'] = /^\[?(.*?)\]?:(\d+)$/.exec(one) ?? [];
    return { host, port: Number(port) };
  });
  return { endpoints, root: path.replace(/\/+$/, ''), hosts };
}
