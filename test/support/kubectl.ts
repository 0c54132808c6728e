import { execFile } from 'node:child_process';
import { until } from '../../local/process/wait.ts';

/** kubectl as a person uses it, on one cluster and namespace. */
export interface Kubectl {
  /** Runs it and answers its standard output. @throws with its standard error when it fails */
  run(...args: readonly string[]): Promise<string>;
  /** `get … -o json`. */
  get<T>(...args: readonly string[]): Promise<T>;
  apply(...objects: readonly object[]): Promise<void>;
  /** Asks again and again until `judge` says true; the last answer. @throws when that takes longer than `timeoutMs` */
  awaitThat<T>(args: readonly string[], judge: (answer: T) => boolean, timeoutMs?: number): Promise<T>;
  /** Every argument that makes it this cluster and namespace, for a process of one's own. */
  readonly connection: readonly string[];
}

export function openKubectl(program: string, kubeconfig: string, namespace: string): Kubectl {
  const connection = [`--kubeconfig=${kubeconfig}`, `--namespace=${namespace}`];
  const run = (args: readonly string[], input?: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = execFile(program, [...connection, ...args], { maxBuffer: 64 * 1024 * 1024 }, (error, out, err) => {
        if (error === null) resolve(out);
        else reject(new Error(`kubectl ${args.join(' ')}: ${err.trim()}`, { cause: error }));
      });
      child.stdin?.end(input);
    });
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it asks for
  const get = async <T>(...args: readonly string[]): Promise<T> =>
    JSON.parse(await run(['get', ...args, '--output=json'])) as T;
  return {
    connection,
    run: (...args) => run(args),
    get,
    async apply(...objects) {
      await run(
        ['apply', '--server-side', '--filename=-'],
        JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
      );
    },
    async awaitThat<T>(args: readonly string[], judge: (answer: T) => boolean, timeoutMs = 60_000) {
      let last: T | undefined;
      const found = await until(
        async () => {
          last = await get<T>(...args);
          return judge(last) ? last : undefined;
        },
        { timeoutMs, everyMs: 100 },
      );
      if (found === undefined) {
        throw new Error(`kubectl get ${args.join(' ')}: not so after ${timeoutMs} ms: ${JSON.stringify(last)}`);
      }
      return found;
    },
  };
}
