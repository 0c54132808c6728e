import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The parts of a compose file that we use, https://github.com/compose-spec/compose-spec/blob/main/05-services.md */
export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes?: readonly (string | ComposeMount)[];
  readonly restart?: string;
  readonly user?: string;
}

export interface ComposeMount {
  readonly source: string;
  readonly target: string;
}

export type ComposeServices = Readonly<Record<string, ComposeService>>;

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const composeFile = `${root}docker-compose.yml`;
export const composeTlsFile = `${root}deploy/docker-compose.tls.yml`;

/** `${NAME}`, `${NAME:-default}`, `${NAME:?why}` */
const variable = /\$\{(?<name>\w+)(?::(?<how>[-?])(?<rest>[^}]*))?\}/g;

/** Names of all variables that a compose file asks for. */
export const variablesOf = (file: string): ReadonlySet<string> =>
  new Set([...readFileSync(file, 'utf8').matchAll(variable)].map(({ groups }) => groups?.['name'] ?? ''));

/**
 * The text of a compose file with its variables filled in.
 * @throws Error with compose's own words when a variable is missing that must be there
 */
export const interpolated = (file: string, variables: Readonly<Record<string, string>>): string =>
  readFileSync(file, 'utf8').replaceAll(variable, (_, name: string, how?: string, rest?: string) => {
    const value = variables[name];
    if (value) return value;
    if (how === '?') throw new Error(`required variable ${name} is missing a value: ${rest}`);
    return rest ?? '';
  });

/** Services of the compose files, later ones on top: maps are merged, lists appended, commands and checks replaced. */
export function composeServices(
  files: readonly string[],
  variables: Readonly<Record<string, string>>,
): ComposeServices {
  const services: Record<string, ComposeService> = {};
  for (const file of files) {
    const parsed = parse(interpolated(file, variables), { merge: true }) as { services: ComposeServices };
    for (const [name, service] of Object.entries(parsed.services)) {
      const below = services[name];
      services[name] = below === undefined ? service : merged(below, service);
    }
  }
  return services;
}

const merged = (below: ComposeService, above: ComposeService): ComposeService => ({
  ...below,
  ...above,
  environment: { ...below.environment, ...above.environment },
  volumes: [...(below.volumes ?? []), ...(above.volumes ?? [])],
  ports: [...(below.ports ?? []), ...(above.ports ?? [])],
});
