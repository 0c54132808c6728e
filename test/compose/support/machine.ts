import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { chmod, chown, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { until } from '../../../local/process/wait.ts';
import { type ComposeService, type ComposeServices, composeServices, root } from '../../support/compose.ts';
import { machinePorts } from './ports.ts';
import { initDatabase, postgresBin, postgresCommand, postgresUser } from './postgres.ts';
import { programs } from './programs.ts';
import { translated } from './translate.ts';

/** User of the images of Temporal and of the worker. No user of that number need be known here. */
const imageUser = { uid: 1000, gid: 1000 };

export interface MachineOptions {
  readonly files: readonly string[];
  /** Of the cluster that the worker changes. */
  readonly kubeconfig: string;
  readonly cluster: string;
  /** Directory for deploy/docker-compose.tls.yml, readable by everybody. */
  readonly certificates?: string;
}

/** The services of docker-compose.yml as processes of this machine. */
export interface Machine {
  readonly services: ComposeServices;
  /** PATH of every service. */
  readonly path: string;
  /** What a client on this machine needs to know; with TLS the paths of its certificate. */
  readonly client: Readonly<Record<string, string>>;
  /** URL of the Web UI. */
  readonly ui: string;
  /** Starts all services in the order of compose. */
  up(): Promise<void>;
  /** Runs a job to its end. */
  job(name: string): Promise<{ readonly exit: number | null; readonly output: string }>;
  /** Resolves when its health check passes. `environment` is laid over that of the file. */
  start(name: string, environment?: Readonly<Record<string, string>>): Promise<void>;
  /** Returns the exit code, or null where the signal ended it. */
  stop(name: string, signal?: NodeJS.Signals): Promise<number | null>;
  healthy(name: string): Promise<boolean>;
  /** Ends everything that it started. */
  close(): Promise<void>;
}

const order = ['postgres', 'schema', 'temporal', 'namespace', 'ui', 'worker'];
const jobs = new Set(['schema', 'namespace']);

export async function openMachine({ files, kubeconfig, cluster, certificates }: MachineOptions): Promise<Machine> {
  const password = randomBytes(24).toString('hex');
  const variables = { POSTGRES_PASSWORD: password, SLUICE_KUBECONFIG: kubeconfig, SLUICE_CLUSTER: cluster };
  const written = composeServices(files, { ...variables, SLUICE_CERTS: certificates ?? '/nowhere' });
  const directory = await mkdtemp(join(tmpdir(), 'sluice-compose-'));
  await chmod(directory, 0o755);
  const copied = join(directory, 'kubeconfig');
  await copyFile(kubeconfig, copied);
  await chown(copied, imageUser.uid, imageUser.gid);
  const bin = join(directory, 'bin');
  await programs(written, bin);
  const path = [bin, postgresBin(), process.env['PATH']].join(delimiter);
  const ports = await machinePorts();
  const paths = {
    '/sluice': join(root, 'deploy/temporal'),
    '/kubeconfig': copied,
    '/certs': certificates ?? '/nowhere',
  };
  const services = Object.fromEntries(
    Object.entries(written).map(([name, service]) => [name, translated(service, { paths, ports: ports.of(name) })]),
  );
  const running = new Map<string, ChildProcess>();

  const run = (name: string, command: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess => {
    const log = openSync(join(directory, `${name}.log`), 'a');
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      cwd: '/',
      // Docker sets HOME always, to / for a user that the image does not know.
      env: { PATH: path, HOME: '/', ...services[name]?.environment, ...more },
      stdio: ['ignore', log, log],
      ...(name === 'postgres' ? postgresUser() : imageUser),
    });
    closeSync(log);
    return child;
  };
  const output = (name: string): string => readFileSync(join(directory, `${name}.log`), 'utf8');
  const commandOf = (name: string, { command = [] }: ComposeService): readonly string[] => {
    if (name === 'postgres') return postgresCommand(join(directory, 'postgres'), ports.postgres);
    // What the entrypoints of the images run.
    if (name === 'temporal') return ['temporal-server', 'start'];
    if (name === 'ui') return ['temporal-ui', '--root', join(bin, 'ui'), '--env', 'docker', 'start'];
    if (name === 'worker') return [process.execPath, join(root, 'dist/client/cli/main.js'), ...command];
    return command;
  };
  const serviceOf = (name: string): ComposeService => {
    const service = services[name];
    if (service === undefined) throw new Error(`There is no service ${name}.`);
    return service;
  };

  const machine: Machine = {
    services,
    path,
    ui: `http://127.0.0.1:${ports.ui}`,
    client: {
      TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
      TEMPORAL_NAMESPACE: 'default',
      ...Object.fromEntries(
        Object.entries(services['worker']?.environment ?? {}).filter(([name]) => name.startsWith('TEMPORAL_TLS_')),
      ),
    },
    up: async () => {
      await initDatabase(join(directory, 'postgres'), 'temporal', password);
      for (const name of order) {
        if (!jobs.has(name)) await machine.start(name);
        else {
          const ran = await machine.job(name);
          if (ran.exit !== 0) throw new Error(`${name} ended with ${ran.exit}:\n${ran.output}`);
        }
      }
    },
    job: async (name) => {
      const [exit] = (await once(run(name, commandOf(name, serviceOf(name))), 'exit')) as [number | null];
      return { exit, output: output(name) };
    },
    start: async (name, environment = {}) => {
      const more = name === 'temporal' ? ports.server : {};
      const child = run(name, commandOf(name, serviceOf(name)), { ...more, ...environment });
      running.set(name, child);
      const healthy = async (): Promise<true | undefined> => {
        if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${output(name)}`);
        return (await machine.healthy(name)) || undefined;
      };
      if ((await until(healthy, { timeoutMs: 120_000, everyMs: 200 })) === undefined) {
        throw new Error(`${name} is not healthy after two minutes:\n${output(name)}`);
      }
    },
    stop: async (name, signal = 'SIGTERM') => {
      const child = running.get(name);
      running.delete(name);
      if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
      child.kill(signal);
      const [exit] = (await once(child, 'exit')) as [number | null];
      return exit;
    },
    healthy: async (name) => {
      const [, program = '', ...args] = serviceOf(name).healthcheck?.test ?? [];
      const check = spawn(program, args, { env: { PATH: path, PGPORT: String(ports.postgres) }, stdio: 'ignore' });
      const [exit] = (await once(check, 'exit')) as [number | null];
      return exit === 0;
    },
    close: async () => {
      for (const name of [...running.keys()].toReversed()) {
        await machine.stop(name, name === 'postgres' ? 'SIGINT' : 'SIGTERM');
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
  return machine;
}
