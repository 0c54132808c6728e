import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type {
  Handful,
  HandfulPod,
  HandfulRequest,
  PodFailure,
  Successor,
} from '../../../workflows/contract/activities/handful.ts';
import type { BearRequest } from '../../../workflows/contract/activities/hold.ts';
import type { PrePulled } from '../../../workflows/contract/activities/prePull.ts';
import type { ReleaseEvent } from '../../../workflows/contract/activities/record.ts';
import type { Prepared } from '../../../workflows/contract/activities/survey.ts';
import type { ClusterActivities } from '../../../workflows/contract/activities.ts';
import { fingerprint } from '../../../workflows/contract/fingerprint.ts';
import type { Images } from '../../../workflows/contract/observation.ts';
import type { Plan, PodRef } from '../../../workflows/contract/plan.ts';
import type { RunningRelease } from '../../../workflows/contract/planner/supersede.ts';
import type { ReleaseRecord } from '../../../workflows/contract/record.ts';
import { SimulatedBeside } from './simulatedBeside.ts';

const notSimulated = (): never => {
  throw new Error('not simulated');
};

export interface SimulatedPod {
  readonly name: string;
  uid: string;
  image: string;
  serving: boolean;
  ready: boolean;
  restarts: number;
  /** The change of the template that it was born from. */
  readonly mark?: string;
  /** Percent of its weight, while it warms up. */
  share?: number | undefined;
  /** What was reloaded into it, until it is started anew. */
  reloaded?: string | undefined;
}

/**
 * A fake of the activities, not of Kubernetes: it keeps pods in memory and obeys the contract of ClusterActivities, so
 * that the workflows can be driven through every turn with time skipping. The real activities are tested on kwok and
 * on a kubelet.
 */
export class SimulatedCluster {
  readonly pods = new Map<string, SimulatedPod>();
  /** Every call in order: `drain a b`. */
  readonly calls: string[] = [];
  readonly events: ReleaseEvent[] = [];
  readonly records: ReleaseRecord[] = [];
  /** Modes BlueGreen and Canary. */
  readonly beside = new SimulatedBeside();
  paused = false;
  open = false;
  templateImage = 'app:v1';
  holder: string | undefined;
  /** Somebody else changed the template. */
  drift = false;
  deleted = false;
  /** A native rollout is under way. */
  busy = false;
  /** The most pods that were out of service at once. */
  mostDown = 0;
  /** Images on which no pod becomes ready, with the failure that is seen. */
  readonly broken = new Map<string, PodFailure['code']>();
  /** Pods on which the new version crashes. */
  readonly brokenPods = new Set<string>();
  /** What a check says, as long as it does not pass. */
  verdict: PodFailure['code'] | undefined;
  /** Images whose pods stay in `wait` until they are let go. */
  readonly slow = new Set<string>();
  /** Run before an activity does its work; may throw. */
  before: (activity: string, request: unknown) => void | Promise<void> = () => undefined;
  /** What a pull on these nodes answers. */
  pull: (nodes: readonly string[]) => PrePulled = (nodes) => ({ done: nodes, failed: [], later: [] });
  /** What only looks after something answers by now: its workflow asks again. */
  looksEnd = false;
  /** What `plan` answers. */
  planned: Plan;
  /** What it answers for a release that takes the place of the one that runs. */
  next: (running: RunningRelease) => Plan = () => this.planned;
  /** What is born now, other than of the template. */
  births: BearRequest['births'];
  #quietUntil = 0;

  constructor(plan: Plan) {
    this.planned = plan;
    for (const { name, uid } of plan.batches.flatMap((batch) => batch.pods)) {
      this.pods.set(name, { name, uid, image: 'app:v1', serving: true, ready: true, restarts: 0 });
    }
  }

  /** Pods whose controller would take them first, by a scale. */
  chosen: ReadonlySet<string> & { clear(): void } = new Set<string>();
  /** Pods that a scale took away, in order; `a1 serving` where callers were still sent to it. */
  readonly went: string[] = [];
  scalers = 'as before';
  #born = 0;

  /** Somebody scales it: new pods come from the template, or the last ones go. */
  scale(replicas: number): void {
    for (const name of [...this.pods.keys()].slice(replicas)) this.pods.delete(name);
    for (let at = this.pods.size; at < replicas; at += 1) {
      const name = `scaled${this.#born++}`;
      this.pods.set(name, {
        name,
        uid: `uid-${name}`,
        image: this.templateImage,
        serving: true,
        ready: true,
        restarts: 0,
      });
    }
  }

  /** A pod dies and another is born from the template. */
  replace(name: string, by: string): void {
    this.pods.delete(name);
    const image = this.templateImage;
    this.pods.set(by, { name: by, uid: `uid-${by}`, image, serving: true, ready: true, restarts: 0 });
  }

  /** The new version crashes on a pod on which it ran. `forGood`: it does not come up again. */
  crash(name: string, forGood: boolean): void {
    const pod = this.pods.get(name);
    if (pod !== undefined) pod.ready = false;
    if (forGood) this.brokenPods.add(name);
  }

  images(): string[] {
    return [...this.pods.values()].map((pod) => pod.image);
  }

  get activities(): ClusterActivities {
    return {
      plan: async ({ supersedes }) =>
        this.#done(supersedes ? 'plan-next' : 'plan', [], () => (supersedes ? this.next(supersedes) : this.planned)),
      prePull: async ({ nodes }) => {
        const names = nodes.map(({ node }) => node);
        return this.#done('prePull', names, () => this.pull(names));
      },
      ...this.beside.activities(this, (activity, names, act) => this.#done(activity, names, act)),
      endPrePull: async () => this.#done('endPrePull', [], () => undefined),
      acquire: async (request) =>
        this.#done('acquire', [], () => {
          if (this.busy) throw refused('WORKLOAD_BUSY', 'A native rollout of deployment/shop is not finished.');
          if (Object.values(request.from).some((image) => image !== this.templateImage))
            throw refused('WORKLOAD_CHANGED', `The template has ${this.templateImage} now.`);
          this.holder = request.holder;
          this.paused = true;
          return { before: { paused: false } };
        }),
      release: async () =>
        this.#done('release', [], () => {
          this.holder = undefined;
          this.paused = false;
        }),
      openTraffic: async () => this.#done('openTraffic', [], () => void (this.open = true)),
      closeTraffic: async () =>
        this.#done('closeTraffic', [], () => {
          this.open = false;
          for (const pod of this.pods.values()) pod.serving = true;
        }),
      prepare: async (request) =>
        this.#done(
          'prepare',
          request.pods.map(({ name }) => name),
          () => this.#prepare(request.pods),
        ),
      drain: async (request) => this.#each('drain', request, (pod) => void (pod.serving = false)),
      silence: async (request) => this.#each('silence', request, () => undefined),
      patch: async (request) =>
        this.#each('patch', request, (pod, asked) => {
          const { reload, undo } = request;
          if (reload) {
            if (!undo && this.brokenPods.has(pod.name)) {
              return { pod: pod.name, code: 'RELOAD_FAILED', reason: 'exit code 3' };
            }
            pod.reloaded = undo ? undefined : reload.version;
            return;
          }
          const image = imageFor(request, asked);
          if (pod.image === image) return;
          pod.image = image;
          pod.restarts += 1;
          pod.ready = !this.broken.has(image) && !this.#crashes(pod);
        }),
      wait: async (request) =>
        this.#each('wait', request, (pod) => {
          if (this.slow.has(pod.image)) return 'later';
          const code = this.#crashes(pod) ? 'POD_FAILED' : this.broken.get(pod.image);
          if (code !== undefined) return { pod: pod.name, code, reason: `${pod.image} crashes` };
          pod.ready = true;
          return undefined;
        }),
      check: async (request) =>
        this.#each('check', request, ({ name }) =>
          this.verdict === undefined ? undefined : { pod: name, code: this.verdict, reason: 'no data' },
        ),
      restore: async (request) =>
        this.#each('restore', request, (pod, asked) => {
          pod.serving = asked.traffic?.[0] !== false;
          pod.share = request.warmUp?.weights[0];
        }),
      warm: async (request) => {
        const answer = await this.#each('warm', request, (pod, { share }) => void (pod.share = share));
        const through = new Set(request.pods.flatMap(({ name, share }) => (share === undefined ? [name] : [])));
        const [done, later] = [true, false].map((is) => answer.done.filter((name) => through.has(name) === is));
        return { ...answer, done: done ?? [], later: [...answer.later, ...(later ?? [])] };
      },
      survey: async (request) =>
        this.#done('survey', [], () => {
          if (this.deleted) throw refused('WORKLOAD_NOT_FOUND', 'deployment/shop was deleted in mid-release.');
          if (this.drift && !request.undo) throw refused('WORKLOAD_CHANGED', 'somebody changed the template');
          const wanted = Object.values(request.images)[0];
          const { template, reload, undo } = request;
          const outdated = [...this.pods.values()].filter((pod) => {
            if (reload) return undo ? pod.reloaded !== undefined : pod.reloaded !== reload.version;
            return template === undefined ? pod.image !== wanted : (pod.mark === template.mark) !== template.wanted;
          });
          const down = [...this.pods.values()].filter((pod) => !outdated.includes(pod) && !pod.ready);
          const said = {
            replicas: this.pods.size,
            ...(down.length > 0 && { down: down.map(({ name, uid }) => ({ name, uid })) }),
          };
          if (fingerprint(outdated) === request.expected) {
            return { ...said, ...(request.next && { prepared: this.#prepare(request.next.pods) }) };
          }
          return {
            ...said,
            pods: outdated.map(({ name, uid, ready }) => ({ name, uid, node: 'node-1', ready })),
          };
        }),
      arrived: async ({ images }) =>
        this.#done('arrived', [], () => ({
          all: [this.templateImage, ...this.images()].every((image) => image === imageOf(images)),
        })),
      bear: async ({ births }) => this.#done('bear', births ? [births.side] : [], () => this.#bear(births)),
      recreate: async (request) => {
        const became: Successor[] = [];
        const answer = await this.#each('recreate', request, (pod, { name }) => {
          const isNew = pod.mark === request.births?.mark;
          if (isNew !== (request.births?.side === 'to')) became.push({ pod: name, ...this.#rebirth(pod) });
        });
        return { ...answer, became };
      },
      retire: async (request) => this.#each('retire', request, () => undefined),
      keepOut: async () => {
        await this.#done('keepOut', [], () => undefined);
        await this.stay();
      },
      sweep: async () => this.#done('sweep', [], () => undefined),
      takeOver: async () => this.#done('takeOver', [], () => void (this.drift = false)),
      commit: async (request) => this.#done('commit', [], () => void (this.templateImage = imageOf(request.to))),
      uncommit: async (request) => this.#done('uncommit', [], () => void (this.templateImage = imageOf(request.from))),
      pick: async ({ replicas, to, planned, now }) =>
        this.#done('pick', [], () => {
          if (replicas !== undefined && replicas !== this.pods.size) throw refused('WORKLOAD_CHANGED', 'scaled');
          const there = planned.flatMap(({ name, uid }) => {
            const pod = this.pods.get(name);
            return pod?.uid === uid ? [pod] : [];
          });
          const others = [...this.pods.values()].filter((pod) => !there.includes(pod));
          const order = [...others.filter(({ ready }) => !ready), ...there, ...others.filter(({ ready }) => ready)];
          const going = order.slice(0, this.pods.size - to);
          this.chosen = new Set(going.slice(0, now).map(({ name }) => name));
          const same = going.length === planned.length && going.every(({ uid }, at) => planned[at]?.uid === uid);
          return same ? {} : { pods: going.map(({ name, uid, ready }) => ({ name, uid, node: 'node-1', ready })) };
        }),
      scale: async ({ replicas, expects, leaving }) =>
        this.#done('scale', [String(replicas)], () => {
          const has = this.pods.size;
          if (expects !== undefined && !expects.includes(has)) throw refused('WORKLOAD_CHANGED', `scaled to ${has}`);
          const names = new Set(leaving.map(({ name }) => name));
          const stay = [...this.pods.keys()].filter((name) => !names.has(name));
          const go = [...names, ...stay.toReversed()].slice(0, Math.max(0, has - replicas));
          for (const name of go) this.went.push(`${name}${this.pods.get(name)?.serving === true ? ' serving' : ''}`);
          for (const name of go) this.pods.delete(name);
          this.scale(replicas);
        }),
      born: async ({ count }) =>
        this.#done('born', [], () => ({
          pods: [...this.pods.values()]
            .slice(-count)
            .map(({ name, uid }) => ({ name, uid, node: 'node-1', ready: true })),
        })),
      left: async ({ pods }) =>
        this.#done('left', [], () => ({
          stayed: pods.filter(({ name, uid }) => this.pods.get(name)?.uid === uid).map(({ name }) => name),
        })),
      spare: async () => this.#done('spare', [], () => this.chosen.clear()),
      holdScalers: async () => this.#done('holdScalers', [], () => void (this.scalers = 'suspended')),
      releaseScalers: async ({ bound }) =>
        this.#done('releaseScalers', [], () => void (this.scalers = bound ? 'bound' : 'as before')),
      notify: async ({ event }) => void this.events.push(event),
      record: async (request) => {
        await this.before('record', request);
        this.records.push(request.record);
      },
      history: async () => ({ revisions: [], records: this.records }),
      traffic: notSimulated,
    };
  }

  /** Looks after something until it is cancelled, or has done so for long enough. */
  async stay(): Promise<void> {
    const context = Context.current();
    while (!this.looksEnd) {
      context.heartbeat();
      await context.sleep(50);
    }
  }

  #bear(births: BearRequest['births']): void {
    this.births = births;
  }

  /** Another pod in its place, from what the workload bears now. */
  #rebirth(pod: SimulatedPod): PodRef {
    const isNew = this.births?.side === 'to';
    const image = imageOf(this.planned.change[isNew ? 'to' : 'from']);
    this.#born += 1;
    const name = `born-${this.#born}`;
    this.pods.delete(pod.name);
    this.pods.set(name, {
      name,
      uid: `uid-${name}`,
      image,
      serving: true,
      ready: !this.broken.has(image),
      restarts: 0,
      ...(isNew && this.births && { mark: this.births.mark }),
    });
    return { name, uid: `uid-${name}` };
  }

  #prepare(asked: readonly PodRef[]): Prepared {
    const there = asked.flatMap(({ name, uid }) => {
      const pod = this.pods.get(name);
      return pod?.uid === uid ? [pod] : [];
    });
    const names = new Set(asked.map(({ name }) => name));
    return {
      pods: there.map(({ name, uid, ready, serving }) => ({ name, uid, ready, traffic: [serving] })),
      gone: asked.filter(({ name }) => !there.some((pod) => pod.name === name)).map(({ name }) => name),
      downElsewhere: [...this.pods.values()]
        .filter((pod) => !names.has(pod.name) && !pod.ready)
        .map(({ name }) => name),
    };
  }

  #crashes({ name, image }: SimulatedPod): boolean {
    return this.brokenPods.has(name) && image !== 'app:v1';
  }

  async #done<T>(activity: string, names: readonly string[], act: () => T): Promise<T> {
    this.calls.push([activity, ...names].join(' '));
    await this.before(activity, names);
    return act();
  }

  async #each(
    activity: string,
    request: HandfulRequest,
    act: (pod: SimulatedPod, asked: HandfulPod) => void | 'later' | PodFailure | undefined,
  ): Promise<Handful> {
    this.calls.push(`${request.undo ? 'undo-' : ''}${activity} ${request.pods.map(({ name }) => name).join(' ')}`);
    await this.before(activity, request);
    // As the real one: with nothing to tell it goes on looking, until it is cancelled.
    const context = Context.current();
    for (;;) {
      const answer = this.#answer(request, act);
      if (answer.later.length < request.pods.length) {
        await this.#alone(answer.failed.length > 0);
        return answer;
      }
      context.heartbeat();
      await context.sleep(50);
    }
  }

  /**
   * The Java server does not know an activity any more that ended while a workflow task is under way which cancels it
   * (ACTIVITY_UNKNOWN; the real one does): what makes the workflow cancel others is told some time before them.
   */
  async #alone(fails: boolean): Promise<void> {
    while (Date.now() < this.#quietUntil) await new Promise((resolve) => setTimeout(resolve, 20));
    if (fails) this.#quietUntil = Date.now() + 500;
  }

  #answer(
    request: HandfulRequest,
    act: (pod: SimulatedPod, asked: HandfulPod) => void | 'later' | PodFailure | undefined,
  ): Handful {
    const answer = { done: [] as string[], failed: [] as PodFailure[], later: [] as string[], gone: [] as string[] };
    for (const asked of request.pods) {
      const pod = this.pods.get(asked.name);
      if (pod?.uid !== asked.uid) {
        answer.gone.push(asked.name);
        continue;
      }
      const result = act(pod, asked);
      if (result === 'later') answer.later.push(asked.name);
      else if (result === undefined) answer.done.push(asked.name);
      else answer.failed.push(result);
    }
    const all = [...this.pods.values()];
    this.mostDown = Math.max(this.mostDown, all.filter((pod) => !pod.serving || !pod.ready).length);
    const own = new Set(request.pods.map(({ uid }) => uid));
    const down = all.filter(({ uid, ready }) => !own.has(uid) && !ready).map(({ name }) => name);
    return request.tellsDown && down.length > 0 ? { ...answer, down } : answer;
  }
}

const imageOf = (images: Images): string => Object.values(images)[0] ?? '';
const imageFor = (request: HandfulRequest, pod: HandfulPod): string => imageOf(pod.images ?? request.images);

export const refused = (code: string, message: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, code);
