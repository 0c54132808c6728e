import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { eventually } from '../kwok/activities/fixtures.ts';
import { freePort } from '../registries/freePort.ts';

/** Debian's Prometheus; undefined where it was not fetched (install-prometheus.sh does). */
export function prometheusProgram(): string | undefined {
  const install = fileURLToPath(new URL('install-prometheus.sh', import.meta.url));
  const program = execFileSync('bash', [install, '--where'], { encoding: 'utf8' }).trim();
  return existsSync(program) ? program : undefined;
}

/** Applications that tell how many calls they answer: right now as `in_flight{pod="…"}`, at their start as `in_flight_then`. */
export interface Applications {
  readonly target: string;
  readonly set: (pod: string, calls: number) => void;
  close(): Promise<void>;
}

export async function startApplications(): Promise<Applications> {
  const calls = new Map<string, number>();
  const startedMs = Date.now();
  const server = createServer((_, response) => {
    const lines = [...calls].flatMap(([pod, count]) => [
      `in_flight{pod="${pod}"} ${count}`,
      // With a time of its own a sample never gets newer, and is not marked as stale either.
      `in_flight_then{pod="${pod}"} ${count} ${startedMs}`,
    ]);
    response.end(lines.map((line) => `${line}\n`).join(''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A server that listens on TCP has such an address.
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (pod, count) => void calls.set(pod, count),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Prometheus {
  readonly server: string;
  /** The number that an instant query gives, in whatever state. */
  readonly number: (query: string) => Promise<number | undefined>;
  close(): Promise<void>;
}

/** A real Prometheus on loopback that scrapes `target` twice a second; nothing of it is kept. */
export async function startPrometheus(program: string, target: string): Promise<Prometheus> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-prometheus-'));
  const config = join(directory, 'prometheus.yaml');
  const job = {
    job_name: 'app',
    scrape_interval: '500ms',
    scrape_timeout: '500ms',
    static_configs: [{ targets: [target] }],
  };
  await writeFile(config, stringify({ scrape_configs: [job] }));
  const port = await freePort();
  const child = spawn(
    program,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const server = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (child.exitCode !== null) return true;
    return (await fetch(`${server}/-/ready`)).ok;
  }, 60_000);
  if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
  return {
    server,
    async number(query) {
      const answer = await fetch(`${server}/api/v1/query?query=${encodeURIComponent(query)}`);
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      const [only] = data.result;
      return only === undefined ? undefined : Number(only.value[1]);
    },
    async close() {
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}
