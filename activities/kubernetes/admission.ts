import { KubernetesFailure } from './kubernetesFailure.ts';
import { admissionPolicies, admissionWebhooks } from './resources.ts';
import type { Connection } from './types.ts';
import type { AdmissionPolicy, AdmissionRule, AdmissionWebhooks } from './wire.ts';

/** So long an answer holds; a new webhook needs about as long to reach every API server. */
const memoryMs = 10_000;

/** What was found by one look at who judges pods. */
export interface Judges {
  /**
   * Whether somebody may refuse the change of one pod and take that of another of the same template: a webhook or a
   * policy that is asked about updates of pods. What is built into the API server judges by what the template says.
   */
  readonly tellPodsApart: boolean;
  /** Changes that a dry run has shown to be taken since that look. */
  readonly taken: Set<string>;
}

export interface Admission {
  /** The last look, if it is not too old. */
  judges(): Promise<Judges>;
}

/** Who is asked about pods in the cluster of `kube`. A worker that may not know is told that somebody is. */
export function createAdmission(kube: Connection): Admission {
  let known: { readonly answer: Promise<Judges>; readonly untilMs: number } | undefined;
  return {
    judges() {
      if (known === undefined || Date.now() >= known.untilMs) {
        const answer = look(kube).then((tellPodsApart) => ({ tellPodsApart, taken: new Set<string>() }));
        known = { answer, untilMs: Date.now() + memoryMs };
      }
      return known.answer;
    },
  };
}

async function look(kube: Connection): Promise<boolean> {
  const rules = async <T>(list: Promise<{ readonly items: readonly T[] }>, of: (item: T) => readonly AdmissionRule[]) =>
    (await list.catch(noneIfUnknown)).items.flatMap(of);
  try {
    const found = await Promise.all([
      ...admissionWebhooks.map((resource) => rules(kube.list(resource, {}), rulesOfWebhooks)),
      ...admissionPolicies.map((resource) => rules(kube.list(resource, {}), rulesOfPolicy)),
    ]);
    return found.flat().some(isAboutPods);
  } catch {
    return true;
  }
}

/** A version of the API that this server does not have. */
function noneIfUnknown(error: unknown): { readonly items: readonly [] } {
  if (error instanceof KubernetesFailure && error.status === 404) return { items: [] };
  throw error;
}

const rulesOfWebhooks = ({ webhooks = [] }: AdmissionWebhooks): readonly AdmissionRule[] =>
  webhooks.flatMap(({ rules = [] }) => rules);

const rulesOfPolicy = ({ spec }: AdmissionPolicy): readonly AdmissionRule[] =>
  spec?.matchConstraints?.resourceRules ?? [];

/** What its selectors leave out is not looked at: then a dry run too many is made. */
export function isAboutPods({ apiGroups = [], operations = [], resources = [] }: AdmissionRule): boolean {
  const has = (list: readonly string[], ...names: readonly string[]) => list.some((item) => names.includes(item));
  return (
    has(apiGroups, '', '*') &&
    has(operations, 'UPDATE', '*') &&
    has(resources, 'pods', 'pods/resize', 'pods/*', '*', '*/*')
  );
}
