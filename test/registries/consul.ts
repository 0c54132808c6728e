import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../kwok/activities/fixtures.ts';
import type { Registered } from './conformance.ts';
import { freePort } from './freePort.ts';
import { Restartable, type RestartableRegistry } from './restartable.ts';

const version = '1.10.12';

/**
 * Consul, built from its Go module on first use (some minutes); undefined without Go. 1.21 and 1.22 were tried, too, and cannot be built so: they
 * need modules of its own repository that cannot be had. This one takes newer ones of `api` and `sdk` than it names.
 */
async function program(): Promise<string | undefined> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice', 'test', `consul-${version}`);
  const path = join(cache, 'consul');
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  const temporary = `${path}.${process.pid}`;
  // golang.org/x/net of that time refers to what the linker keeps to itself since Go 1.23.
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags=-s -w -checklinkname=0'];
  const go = spawn('go', ['build', ...flags, '-o', temporary, 'github.com/hashicorp/consul'], {
    cwd: fileURLToPath(new URL('consul', import.meta.url)),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
    stdio: 'ignore',
  });
  const [code] = (await once(go, 'exit').catch(() => [1])) as [number];
  if (code !== 0) return undefined;
  renameSync(temporary, path);
  return path;
}

export interface ConsulUnderTest extends RestartableRegistry {
  /** A token that may do what its policy says. @param rules in HCL; only where `withAcl` */
  token(rules: string): Promise<string>;
  /** Registers it with the servers, on a node without an agent. */
  catalog(registered: Registered): Promise<void>;
}

const master = '11111111-2222-3333-4444-555555555555';

/** A real Consul agent that is a server, too, on loopback. `withAcl`: nobody may do anything without a token. */
export async function startConsul(withAcl = false): Promise<ConsulUnderTest | undefined> {
  const path = await program();
  if (path === undefined) return undefined;
  const [http, rpc, lan, wan] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const ports = `ports { http = ${http} server = ${rpc} serf_lan = ${lan} serf_wan = ${wan} dns = -1 grpc = -1 }`;
  const acl = `acl { enabled = true default_policy = "deny" tokens { master = "${master}" agent = "${master}" } }`;
  const directory = await mkdtemp(join(tmpdir(), 'sluice-consul-'));
  // -dev would keep nothing.
  const raft = 'performance { raft_multiplier = 1 } bootstrap_expect = 1 server = true connect { enabled = false }';
  const hcl = [ports, raft, ...(withAcl ? [acl] : [])].map((text) => `-hcl=${text}`);
  const args = ['agent', '-bind=127.0.0.1', '-client=127.0.0.1', '-log-level=warn', `-data-dir=${directory}`, ...hcl];
  const address = `http://127.0.0.1:${http}`;
  const send = async (method: string, way: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${address}/v1/${way}`, {
      method,
      headers: { 'x-consul-token': withAcl ? master : '' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${way}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const server = new Restartable(
    () => spawn(path, args),
    async () =>
      String(await send('GET', 'status/leader')).length > 2 && ((await send('GET', 'catalog/nodes')) as []).length > 0,
  );
  await server.start();
  const entryOf = async (registered: Registered): Promise<Entry | undefined> => {
    const all = (await send('GET', `health/service/${registered.service}`)) as readonly Entry[];
    return all.find(({ Service }) => Service['ID'] === idOf(registered));
  };
  const isCalled = async (registered: Registered): Promise<boolean> => {
    const all = (await send('GET', `health/service/${registered.service}?passing`)) as readonly Entry[];
    return all.some(({ Service }) => Service['ID'] === idOf(registered));
  };
  return {
    key: 'consul',
    address,
    source: (at, service, more = {}) => ({ consul: { server: at, service, ...more } }),
    write: ({ method, url }) => (method === 'GET' ? undefined : `${method} ${url}`),
    async register(registered) {
      const { service, ip, port, metadata } = registered;
      const id = idOf(registered);
      const put = async (): Promise<void> => {
        const check = { TTL: '10m', Status: 'passing' };
        await send('PUT', 'agent/service/register', {
          ID: id,
          Name: service,
          Address: ip,
          Port: port,
          Meta: metadata,
          Check: check,
        });
        // Not a place that is held for it.
        await eventually(async () => (await entryOf(registered))?.Service['Port'] === port);
      };
      await put();
      await eventually(() => isCalled(registered));
      return {
        beat: async () => void (await send('PUT', `agent/check/pass/service:${id}`)),
        again: put,
        leave: async () => {
          await send('PUT', `agent/service/deregister/${id}`);
          await eventually(async () => (await entryOf(registered)) === undefined);
        },
      };
    },
    async instance(registered) {
      const entry = await entryOf(registered);
      if (entry === undefined) return undefined;
      const without = (of: Readonly<Record<string, unknown>>) =>
        Object.fromEntries(Object.entries(of).filter(([key]) => !key.endsWith('Index')));
      return { service: without(entry.Service), checks: entry.Checks.map(without) };
    },
    isCalled,
    async takeOut(registered) {
      await send('PUT', `agent/service/maintenance/${idOf(registered)}?enable=true&reason=by%20hand`);
      await eventually(async () => !(await isCalled(registered)));
    },
    async catalog(registered) {
      const { service, ip, port } = registered;
      const Service = { ID: idOf(registered), Service: service, Address: ip, Port: port };
      await send('PUT', 'catalog/register', { Node: 'no-agent', Address: ip, Service });
    },
    async token(rules) {
      const name = `policy-${Date.now()}`;
      await send('PUT', 'acl/policy', { Name: name, Rules: rules });
      const { SecretID } = (await send('PUT', 'acl/token', { Policies: [{ Name: name }] })) as { SecretID: string };
      return SecretID;
    },
    restart: () => server.restart(),
    close: async () => {
      await server.end();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface Entry {
  readonly Service: Readonly<Record<string, unknown>>;
  readonly Checks: readonly Readonly<Record<string, unknown>>[];
}

const idOf = ({ service, pod, port }: Registered): string => `${service}-${pod}-${port}`;
