import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { KubernetesFailure } from '../../activities/kubernetes/kubernetesFailure.ts';
import type { Resource } from '../../activities/kubernetes/resources.ts';
import type { Connection } from '../../activities/kubernetes/types.ts';
import { until } from './world.ts';

const istio = {
  module: 'istio.io/api@v1.27.3',
  sum: 'h1:Ek00/+kB0wepYuevSfE0Edh2o5ndEtekmo/Nkx5LIYA=',
  file: 'kubernetes/customresourcedefinitions.gen.yaml',
};
/** The real CRDs of others, as their Go modules have them; `sum` as the checksum database of Go knows it. */
const sources = {
  'httproutes.gateway.networking.k8s.io': {
    module: 'sigs.k8s.io/gateway-api@v1.3.0',
    sum: 'h1:q6okN+/UKDATola4JY7zXzx40WO4VISk7i9DIfOvr9M=',
    file: 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml',
  },
  'virtualservices.networking.istio.io': istio,
  'destinationrules.networking.istio.io': istio,
} as const;

export type CrdName = keyof typeof sources;

interface Definition {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export const definitions: Resource<Definition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  name: 'customresourcedefinitions',
  namespaced: false,
  missing: 'INTERNAL',
};

/** Installs a CRD, where it is not there, and waits until the API server serves it. Go gets the module into its own cache. */
export async function installCrd(kube: Connection, name: CrdName): Promise<void> {
  if ((await kube.find(definitions, { name })) === undefined) {
    const { module, sum, file } = sources[name];
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', module], {
      env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod' },
    });
    const got = JSON.parse(stdout) as { readonly Dir: string; readonly Sum: string };
    if (got.Sum !== sum) throw new Error(`${module} is not what it was: ${got.Sum}`);
    const documents = parseAllDocuments(await readFile(join(got.Dir, file), 'utf8')).map(
      (one) => one.toJS() as Definition,
    );
    const definition = documents.find((one) => one?.metadata?.name === name);
    if (definition === undefined) throw new Error(`${module} has no ${name} in ${file}`);
    await kube.create(definitions, definition, {}).catch(unlessThere);
  }
  await untilServed(kube, name);
}

/** Waits until the API server serves a CRD. */
export const untilServed = (kube: Connection, name: string): Promise<void> =>
  until(async () => {
    const { status } = await kube.get(definitions, { name });
    return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True') === true;
  });

/** For `catch` of a creation that others do, too. */
export function unlessThere(error: unknown): undefined {
  if (error instanceof KubernetesFailure && error.reason === 'AlreadyExists') return undefined;
  throw error;
}
