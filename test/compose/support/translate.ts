import type { ComposeService } from '../../support/compose.ts';

/** What differs between a container and this machine. */
export interface Translation {
  /** Path in the container → path here. */
  readonly paths: Readonly<Record<string, string>>;
  /** Port in the container → port here. */
  readonly ports: Readonly<Record<string, number>>;
}

/** The service with the addresses and paths of this machine: every host is loopback. */
export function translated(service: ComposeService, { paths, ports }: Translation): ComposeService {
  const word = (text: string): string => {
    let out = text.replace(/^(postgres|temporal)(?=$|:\d)/, '127.0.0.1').replace('0.0.0.0', '127.0.0.1');
    for (const [there, here] of Object.entries(paths)) out = out.replace(new RegExp(`^${there}(?=$|/)`), here);
    return out.replaceAll(/(?<=^|:)\d{4}\b/g, (port) => String(ports[port] ?? port));
  };
  const words = (list: readonly string[]): string[] => list.map(word);
  // The user of the database is called like a host.
  const value = (name: string, text: string): string => (name.endsWith('USER') ? text : word(text));
  const environment = Object.entries(service.environment ?? {});
  return {
    ...service,
    environment: Object.fromEntries(environment.map(([name, text]) => [name, value(name, text)])),
    ...(service.command !== undefined && { command: words(service.command) }),
    ...(service.healthcheck !== undefined && { healthcheck: { test: words(service.healthcheck.test) } }),
  };
}
