import type { HandfulPod, Successor } from '../../workflows/contract/activities/handful.ts';
import { marks } from '../../workflows/contract/names.ts';
import { eachPod } from '../eachPod.ts';
import type { Outcome } from '../handful.ts';
import type { PodsOf } from '../ports.ts';
import { byBirth } from './born.ts';
import { KubernetesFailure } from './kubernetesFailure.ts';
import { isLeaving } from './podState.ts';
import { pods as podResource } from './resources.ts';
import type { Connection } from './types.ts';
import type { Pod } from './wire.ts';

/** What a pod has in common with the one whose place it takes, where there is such a thing. */
export type Place = 'name' | 'node';

export interface ClaimDeps {
  readonly kube: Connection;
  readonly signal: AbortSignal;
  readonly pods: PodsOf;
  /** Whether a pod was born while the release made pods anew, of the version that is wanted. */
  readonly isBorn: (pod: Pod) => boolean;
  /** Where a newborn takes whose place: that of any pod, that of its name, or on the node of one that is gone. */
  readonly place?: Place;
  /** Labels that a claimed pod gets. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Who is born in the place of which pod: a newborn is claimed by an annotation with the UID of the old one, in a write
 * that fails if anything changed the newborn meanwhile. So every attempt finds the same, and no two pods have one
 * successor, whoever else claims at the same time.
 */
export class Claims {
  readonly #deps: ClaimDeps;
  /** Those without a successor, by UID. */
  readonly #open: Map<string, HandfulPod>;
  readonly #became: Successor[] = [];
  /** States of newborns that somebody else was faster with. */
  readonly #lost = new Set<string>();

  constructor(refs: readonly HandfulPod[], deps: ClaimDeps) {
    this.#deps = deps;
    this.#open = new Map(refs.map((ref) => [ref.uid, ref]));
  }

  get open(): readonly HandfulPod[] {
    return [...this.#open.values()];
  }

  get became(): readonly Successor[] {
    return this.#became;
  }

  /** Whether there are newborns that nobody has claimed, for those without a successor. */
  get isFree(): boolean {
    return this.#pairs().length > 0;
  }

  /** Gives up on a pod. */
  close({ uid }: HandfulPod): void {
    this.#open.delete(uid);
  }

  /** Claims as many as there are. */
  async claim(): Promise<void> {
    const { kube, signal, pods, labels } = this.#deps;
    for (const pod of this.#born) this.#take(pod, replacedBy(pod));
    await eachPod(this.#pairs(), signal, async ({ name, of, pod }): Promise<Outcome> => {
      const { namespace = '', uid, resourceVersion } = pod.metadata;
      const metadata = { uid, resourceVersion, labels, annotations: { [marks.replaces]: of } };
      try {
        const claimed = await kube.patch(podResource, { namespace, name }, { metadata }, { as: 'merge' });
        pods.wrote(claimed);
        this.#take(claimed, of);
      } catch (error) {
        if (!isAnother(error)) throw error;
        this.#lost.add(resourceVersion);
      }
      return 'done';
    });
  }

  /** Each with the oldest newborn that may take its place. */
  #pairs(): readonly { readonly name: string; readonly of: string; readonly pod: Pod }[] {
    const free = new Set(
      this.#born.filter((pod) => replacedBy(pod) === undefined && !this.#lost.has(pod.metadata.resourceVersion)),
    );
    return this.open.flatMap((ref) => {
      const pod = [...free].find((born) => this.#fits(ref, born));
      if (pod === undefined) return [];
      free.delete(pod);
      return [{ name: pod.metadata.name, of: ref.uid, pod }];
    });
  }

  #fits(ref: HandfulPod, born: Pod): boolean {
    const { place, pods } = this.#deps;
    if (place === 'name') return born.metadata.name === ref.name;
    return place !== 'node' || pods.find(ref) === undefined;
  }

  get #born(): readonly Pod[] {
    const { pods, isBorn } = this.#deps;
    return pods
      .all()
      .filter((pod) => isBorn(pod) && !isLeaving(pod))
      .toSorted(byBirth);
  }

  #take({ metadata: { name, uid } }: Pod, of: string | undefined): void {
    const ref = this.#open.get(of ?? '');
    if (ref === undefined) return;
    this.#open.delete(ref.uid);
    this.#became.push({ pod: ref.name, name, uid });
  }
}

const replacedBy = ({ metadata }: Pod): string | undefined => metadata.annotations?.[marks.replaces];

/** The write named a pod, or a state of it, that is not there any more. */
export const isAnother = (error: unknown): boolean =>
  error instanceof KubernetesFailure && [404, 409, 422].includes(error.status ?? 0);
