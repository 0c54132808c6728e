import type { RegistryRulesOf } from '../../../workflows/contract/registries.schema.ts';
import type { LivePod } from '../../ports.ts';
import { RegistryFailure } from './failure.ts';
import { type Listed, lookAmong } from './instances.ts';
import type { Found, Registry, Stand, Weight } from './registry.ts';
import type { ZooKeeperClient } from './zookeeper/client.ts';

/** A URL of Dubbo's, as the name of a node has it. */
interface Entry {
  /** The node's name, escaped. */
  readonly node: string;
  readonly protocol: string;
  readonly ip: string;
  /** 0: none is said; a rule is then for every one. */
  readonly port: number;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The parameter of our rules that names their pod. */
const mark = 'sluice';

/** Of a provider that says nothing of it: Constants.DEFAULT_WEIGHT. */
const usualWeight = 100;
/** Of our rules about a weight: the highest one counts, and 0 is that of a rule without it. */
const priority = 1_000;

/**
 * Dubbo providers in ZooKeeper, by an override rule with `disabled=true`: a node of its own among the interface's configurators, which all
 * consumers watch; its weight by another one. The provider's ephemeral node and session are never touched, and the rules outlast both. They name
 * their pod: one whose pod is no more at that address is removed at the end of a release.
 * https://cn.dubbo.apache.org/en/docs/v2.7/user/examples/config-rule-deprecated/
 */
export function dubboRegistry(
  { service, root, instance }: RegistryRulesOf<'dubbo'>,
  client: ZooKeeperClient,
): Registry {
  const folder = `/${root}/${encodeURIComponent(service)}`;
  const under = async (name: string): Promise<readonly Entry[]> =>
    entriesOf(await client.children(`${folder}/${name}`));
  const remove = (node: string): Promise<void> => client.remove(`${folder}/configurators/${node}`);
  const write = (rule: string): Promise<void> =>
    client.create(`${folder}/configurators/${encodeURIComponent(rule)}`, `${folder}/providers`);
  const urlsAt = async (id: string): Promise<readonly Entry[]> => {
    const urls = (await under('providers')).filter((one) => addressOf(one) === id);
    if (urls.length === 0) throw new RegistryFailure(`ZooKeeper has no provider ${id} of ${service} any more.`);
    return urls;
  };
  const setWeight = async ({ id, state = {} }: Stand, { is, own }: Weight): Promise<void> => {
    const before = (await under('configurators')).filter((rule) => isOurWeight(rule) && addressOf(rule) === id);
    const rules = own ? [] : (await urlsAt(id)).map((url) => weightRule(url, service, state['pod'] ?? '', is));
    // The new one first: in between both are there, and no callers more than by one of them.
    for (const rule of new Set(rules)) await write(rule);
    for (const { node } of before) if (!rules.includes(unescaped(node))) await remove(node);
  };

  /** What there is, and which address each pod has among it. */
  const survey = async (pods: readonly LivePod[]) => {
    // One after the other: while a server fails a single call is let through, and it is the one that says why.
    const urls = await under('providers');
    const rules = await under('configurators');
    const providers = byAddress(urls);
    const listing = {
      all: async () => [...providers].map(([id, own]) => listed(id, own)),
      one: async (id: string) => (providers.has(id) ? { id, inTraffic: true, takenOut: false } : undefined),
    };
    return { providers, rules, found: await lookAmong(listing, instance, pods) };
  };

  return {
    async look(pods) {
      const { providers, rules, found } = await survey(pods);
      const stands = [...found].map(([pod, seen]): readonly [string, Found] => {
        if (seen.is !== 'there') return [pod, seen];
        const { id } = seen.stand;
        return [pod, { is: 'there', stand: standOf(id, pod, providers.get(id) ?? [], rules) }];
      });
      return new Map(stands);
    },
    async takeOut({ id, state = {} }) {
      const rules = (await urlsAt(id)).map((url) => ruleFor(url, service, state['pod'] ?? ''));
      for (const rule of new Set(rules)) await write(rule);
    },
    async putBack(now, _before, weight) {
      if (weight !== undefined) await setWeight(now, weight);
      for (const node of JSON.parse(now.state?.['rules'] ?? '[]') as readonly string[]) await remove(node);
    },
    weights: { decimals: 0, set: setWeight },
    async tidy(pods) {
      const { providers, rules, found } = await survey(pods);
      const owners = new Map([...found].flatMap(([pod, seen]) => (seen.is === 'there' ? [[seen.stand.id, pod]] : [])));
      for (const rule of rules) {
        const at = addressOf(rule);
        const isOfAnother = owners.has(at) && !isOf(rule, owners.get(at) ?? '');
        if (rule.parameters[mark] !== undefined && (isOfAnother || !providers.has(at))) await remove(rule.node);
      }
    },
    async services() {
      const names = await client.children(`/${root}`);
      if (names === undefined) {
        throw new RegistryFailure(
          `There is no /${root} at \`server\`.`,
          'Write the path of the ensemble that Dubbo uses, if it has one, behind the addresses in `server`; and its `root`, if it is not dubbo.',
        );
      }
      return names.map(unescaped);
    },
  };
}

const hostOf = ({ ip }: Entry): string => (ip.includes(':') ? `[${ip}]` : ip);
const addressOf = (entry: Entry): string => `${hostOf(entry)}:${entry.port}`;

function byAddress(urls: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  const found = new Map<string, readonly Entry[]>();
  for (const url of urls) found.set(addressOf(url), [...(found.get(addressOf(url)) ?? []), url]);
  return found;
}

const ruleFor = (url: Entry, service: string, pod: string): string =>
  overrideOf(url, service, `disabled=true&dynamic=false&enabled=true&${mark}=${pod}`);

const weightRule = (url: Entry, service: string, pod: string, weight: number): string =>
  overrideOf(url, service, `dynamic=false&enabled=true&priority=${priority}&${mark}=${pod}&weight=${weight}`);

/** A rule is for the group and version that it names, and for no other. */
function overrideOf(url: Entry, service: string, parameters: string): string {
  const of = ['group', 'version'].flatMap((name) => {
    const value = url.parameters[name];
    return value === undefined ? [] : [`&${name}=${value}`];
  });
  return `override://${addressOf(url)}/${service}?category=configurators&${parameters}${of.join('')}`;
}

const isInForce = ({ protocol, parameters }: Entry): boolean =>
  protocol === 'override' && parameters['enabled'] !== 'false';
const isSwitchingOff = (rule: Entry): boolean => isInForce(rule) && rule.parameters['disabled'] === 'true';
const isOurWeight = ({ parameters }: Entry): boolean =>
  parameters[mark] !== undefined && parameters['weight'] !== undefined;

/** Whether a rule is for that pod: one that a person wrote is for whoever is there. */
const isOf = ({ parameters }: Entry, pod: string): boolean => (parameters[mark] ?? pod) === pod;

/** An address may have several URLs, by group, version and protocol: callers of one that is not off are sent to it. */
function standOf(id: string, pod: string, urls: readonly Entry[], all: readonly Entry[]): Stand {
  const rules = all.filter((rule) => isSwitchingOff(rule) && addressOf(rule) === id);
  const weights = new Set(urls.map((url) => weightOf(url, all)));
  const off = new Set(rules.map(kind));
  const meant = new Set(rules.filter((rule) => isOf(rule, pod)).map(kind));
  const isOffItself = ({ parameters }: Entry): boolean =>
    parameters['disabled'] === 'true' || parameters['enabled'] === 'false';
  const takenOut = urls.every((url) => meant.has(kind(url)));
  return {
    id,
    inTraffic: urls.some((url) => !off.has(kind(url)) && !isOffItself(url)),
    takenOut,
    ...(!takenOut && rules.some((rule) => !isOf(rule, pod)) && { left: true }),
    // Several at one address, each with its own: no share of them is one number.
    ...(weights.size === 1 && { weight: [...weights][0] ?? usualWeight }),
    state: { pod, rules: JSON.stringify(rules.map(({ node }) => node)) },
  };
}

const kind = ({ parameters }: Entry): string => `${parameters['group'] ?? ''}/${parameters['version'] ?? ''}`;

/** As RegistryDirectory makes it: rules for all addresses first, then those for this one, and those of a higher priority last. */
function weightOf(url: Entry, rules: readonly Entry[]): number {
  const counts = (rule: Entry): number =>
    (addressOf(rule) === addressOf(url) ? 1e9 : 0) + Number(rule.parameters['priority'] ?? 0);
  const [last = url] = rules
    .filter((rule) => isInForce(rule) && rule.parameters['weight'] !== undefined && kind(rule) === kind(url))
    .filter((rule) => addressOf(rule) === addressOf(url) || rule.ip === '0.0.0.0')
    .toSorted((a, b) => counts(b) - counts(a));
  return Number(last.parameters['weight'] ?? usualWeight);
}

function listed(id: string, urls: readonly Entry[]): Listed {
  const [url] = urls;
  const metadata = Object.fromEntries(urls.flatMap(({ parameters }) => Object.entries(parameters)));
  return { id, ip: url?.ip ?? '', port: url?.port, metadata };
}

/** Nodes are named by URLs, escaped as Java does it. */
function entriesOf(nodes: readonly string[] = []): readonly Entry[] {
  return nodes.flatMap((node): readonly Entry[] => {
    const [, protocol = '', host = '', query = ''] =
      /^([^:]+):\/\/(?:[^@/]*@)?([^/?]*)[^?]*\??(.*)$/.exec(unescaped(node)) ?? [];
    const [, ip, port = '0'] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(host) ?? [];
    if (ip === undefined) return [];
    const parameters = query.split('&').map((one) => /^([^=]*)=?(.*)$/.exec(one)?.slice(1) as [string, string]);
    return [{ node, protocol, ip, port: Number(port), parameters: Object.fromEntries(parameters) }];
  });
}

function unescaped(node: string): string {
  try {
    return decodeURIComponent(node.replaceAll('+', ' '));
  } catch {
    return '';
  }
}
