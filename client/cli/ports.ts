import { basePorts } from '../../local/types.ts';
import { closest } from '../../workflows/contract/closest.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';

/**
 * `--port temporal=7233` → `{ temporal: 7233 }`; undefined when none is given.
 * @throws USAGE
 */
export function portsOf(flags: readonly string[]): Readonly<Record<string, number>> | undefined {
  if (flags.length === 0) return undefined;
  return Object.fromEntries(
    flags.map((flag) => {
      const [name = '', text = '', ...rest] = flag.split('=');
      const port = Number(text);
      if (name === '' || rest.length > 0 || !Number.isInteger(port) || port < 1 || port > 65_535) {
        throw new SluiceError(
          'USAGE',
          `--port: found "${flag}"; write name=number with a number from 1 to 65535, such as temporal=7233.`,
        );
      }
      const names: readonly string[] = basePorts;
      const near = names.includes(name) ? undefined : closest(name, names);
      if (near !== undefined)
        throw new SluiceError('USAGE', `--port: there is no port ${name}.`, { next: `Did you mean ${near}?` });
      return [name, port];
    }),
  );
}
