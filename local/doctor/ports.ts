import { isFree } from '../ports.ts';
import { preferredPorts } from '../preferred-ports.ts';
import { portHolder } from '../process/port-holder.ts';
import type { StackState } from '../state.ts';
import type { Finding } from './finding.ts';

/**
 * The ports that the stack has, or would try first.
 * @param own ports on which living parts of the stack listen
 */
export async function inspectPorts(state: StackState | undefined, own: ReadonlySet<number>): Promise<Finding[]> {
  const ports = Object.entries(state?.ports ?? preferredPorts).filter(([, port]) => port !== 0);
  return Promise.all(
    ports.map(async ([name, port]): Promise<Finding> => {
      const base = { group: 'ports', name: `${name} ${port}` } as const;
      if (own.has(port)) return { ...base, state: 'ok', detail: 'used by the stack' };
      if (await isFree(port)) return { ...base, state: 'ok', detail: 'free' };
      const holder = (await portHolder(port)) ?? 'another process';
      return { ...base, state: 'ok', detail: `taken by ${holder}; \`sluice up\` will choose another` };
    }),
  );
}
