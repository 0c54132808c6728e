import { choosePorts } from '../../../local/ports.ts';

/** The ports of Temporal's parts for each other: in its container it has them all to itself. */
const internal = [
  'FRONTEND_MEMBERSHIP_PORT',
  'MATCHING_GRPC_PORT',
  'MATCHING_MEMBERSHIP_PORT',
  'HISTORY_GRPC_PORT',
  'HISTORY_MEMBERSHIP_PORT',
  'WORKER_GRPC_PORT',
  'WORKER_MEMBERSHIP_PORT',
];

/** Free ports of this machine. */
export interface MachinePorts {
  readonly postgres: number;
  readonly temporal: number;
  readonly ui: number;
  /** Variables by which the server's own configuration template takes its ports. */
  readonly server: Readonly<Record<string, string>>;
  /** Port in the container of a service → port here. */
  of(service: string): Readonly<Record<string, number>>;
}

export async function machinePorts(): Promise<MachinePorts> {
  const names = ['postgres', 'temporal', 'http', 'ui', 'health', 'metrics', 'workerMetrics', ...internal];
  const free = await choosePorts({ wanted: Object.fromEntries(names.map((name) => [name, 0])) });
  const { postgres = 0, temporal = 0, http = 0, ui = 0, health = 0, metrics = 0, workerMetrics = 0 } = free;
  const server = { FRONTEND_GRPC_PORT: temporal, FRONTEND_HTTP_PORT: http };
  const all = [...Object.entries(server), ...internal.map((name) => [name, free[name]] as const)];
  return {
    postgres,
    temporal,
    ui,
    server: Object.fromEntries(all.map(([name, port]) => [name, String(port)])),
    of: (service) => ({
      5432: postgres,
      7233: temporal,
      7243: http,
      8080: service === 'ui' ? ui : health,
      9090: service === 'worker' ? workerMetrics : metrics,
    }),
  };
}
