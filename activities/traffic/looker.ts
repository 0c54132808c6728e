import type { SilenceSpec } from '../../workflows/contract/silence.schema.ts';
import { KubernetesFailure } from '../kubernetes/kubernetesFailure.ts';
import { podEphemeralContainers, pods } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { Access } from '../ports.ts';

/**
 * The ephemeral container that looks for connections in a pod whose own containers cannot. It cannot be taken out of the
 * pod again, so there is one at a time, which whoever drains the pod next uses too; and it ends by itself.
 */
export type LookerRules = Extract<SilenceSpec, { ephemeralContainer: unknown }>['ephemeralContainer'];

export const lookerAccess: readonly Access[] = [{ group: '', resource: podEphemeralContainers.name, verb: 'patch' }];

const namePrefix = 'sluice-look';

/** Long enough for a drain that was begun, or its rollback soon after. */
const lifeSeconds = 900;

/** One that ended badly is not replaced at once: each stays in the pod. */
const badForMs = 60_000;

/** Fits the restricted Pod Security Standard. A sleep alone would ignore SIGTERM and hold up the end of the pod. */
const definition = ({ image }: LookerRules) => ({
  image,
  command: ['sh', '-c', `trap 'exit 0' TERM; sleep ${lifeSeconds} & wait`],
  securityContext: {
    runAsUser: 65_532,
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
});

/** The name of the container that can look, or why there is none yet. */
export type Looker = { readonly name: string } | { readonly reason: string } | 'gone';

/** Finds the container that runs in the pod, or puts one there. Throws what the API server says. */
export async function lookerIn(kube: Connection, { metadata }: Pod, rules: LookerRules): Promise<Looker> {
  const at = { namespace: metadata.namespace ?? '', name: metadata.name };
  const pod = await kube.find(pods, at);
  if (pod === undefined || pod.metadata.uid !== metadata.uid) return 'gone';
  const own = (pod.spec.ephemeralContainers ?? []).filter(({ name }) => name.startsWith(namePrefix));
  const statuses = new Map(pod.status?.ephemeralContainerStatuses?.map((status) => [status.name, status]));
  const stateOf = (name: string) => statuses.get(name)?.state;
  const alike = own.filter(({ image }) => image === rules.image).map(({ name }) => name);
  const running = alike.find((name) => stateOf(name)?.running !== undefined);
  if (running !== undefined) return { name: running };
  // One that could not be started waits for ever, and says so by its last state.
  const endOf = (name: string) =>
    stateOf(name)?.terminated ?? (stateOf(name)?.waiting && statuses.get(name)?.lastState?.terminated);
  const coming = alike.find((name) => endOf(name) === undefined);
  if (coming !== undefined) {
    const { reason, message } = stateOf(coming)?.waiting ?? {};
    const why = [reason, message].filter((text) => text !== undefined && text !== '').join(': ');
    return { reason: `its ephemeral container ${coming} does not run yet${why && ` (${why})`}` };
  }
  const isBad = (end: ReturnType<typeof endOf>): boolean =>
    end !== undefined && end.exitCode !== 0 && Date.now() - Date.parse(end.finishedAt ?? '') < badForMs;
  const bad = alike.find((name) => isBad(endOf(name)));
  if (bad !== undefined) {
    const { exitCode, message = '', reason = 'Error' } = endOf(bad) ?? {};
    return { reason: `its ephemeral container ${bad} ended with ${exitCode} (${message.trim() || reason})` };
  }
  const name = own.length === 0 ? namePrefix : `${namePrefix}-${own.length + 1}`;
  try {
    await add(kube, pod, name, rules, false);
  } catch (error) {
    // Somebody has changed the pod meanwhile; the next look finds out how.
    if (!(error instanceof KubernetesFailure) || error.status !== 409) throw error;
  }
  return { reason: `its ephemeral container ${name} does not run yet` };
}

/** Whether the API server and its admission would let it into the pod. @throws what they say */
export async function rehearseLooker(kube: Connection, pod: Pod, rules: LookerRules): Promise<void> {
  await add(kube, pod, `${namePrefix}-rehearsed`, rules, true).catch((error: unknown) => {
    // The pod has changed meanwhile, and may be gone: nobody has refused the container.
    if (!(error instanceof KubernetesFailure) || (error.status !== 409 && error.status !== 404)) throw error;
  });
}

/** To this subresource a UID says nothing: the resource version tells whether it is still that pod. */
function add(kube: Connection, { metadata }: Pod, name: string, rules: LookerRules, dryRun: boolean): Promise<Pod> {
  const { namespace = '', resourceVersion } = metadata;
  const body = { metadata: { resourceVersion }, spec: { ephemeralContainers: [{ name, ...definition(rules) }] } };
  return kube.patch(podEphemeralContainers, { namespace, name: metadata.name }, body, { as: 'strategic', dryRun });
}
