import { closest } from '../../workflows/contract/closest.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { kindAliases, kinds } from '../../workflows/contract/kinds.ts';
import type { Target } from '../../workflows/contract/names.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';

/**
 * The workload that a person names as in kubectl: `deployment/checkout`, `deploy/checkout`, or `deployment checkout`.
 * @throws USAGE
 */
export function parseWorkload(words: readonly string[], namespace: string, cluster: string): Target {
  const [kind, name, ...rest] = words.flatMap((word) => word.split('/'));
  if (kind === undefined || kind === '' || rest.length > 0) {
    throw new SluiceError(
      'USAGE',
      `${words.length === 0 ? 'No workload is named' : `"${words.join(' ')}" names no workload`}.`,
      {
        next: 'Name it as kubectl does: `deployment/checkout`.',
      },
    );
  }
  if (name === undefined || name === '') {
    throw new SluiceError(
      'USAGE',
      `"${words.join(' ')}" names no workload: ${isKind(kind) ? 'its name is missing' : 'its kind is missing'}.`,
      {
        next: isKind(kind)
          ? `Write \`${kind}/<name>\`.`
          : `Write ${new Intl.ListFormat('en', { type: 'disjunction' }).format(Object.keys(kinds).map((known) => `\`${known}/${kind}\``))}.`,
      },
    );
  }
  return {
    cluster: checked('cluster', cluster),
    namespace: checked('namespace', namespace),
    kind: kindOf(kind),
    name: checked('name', name),
  };
}

/** Whom a valid spec releases. */
export function targetOfSpec(spec: Pick<ReleaseSpec, 'target' | 'metadata'>): Target {
  return parseWorkload([spec.target.workload], spec.metadata.namespace, spec.target.cluster);
}

const isKind = (word: string): boolean => Object.hasOwn(kindAliases, word.toLowerCase());

function kindOf(word: string): string {
  const kind = kindAliases[word.toLowerCase()];
  if (kind !== undefined) return kind;
  const known = Object.keys(kinds);
  const near = closest(word.toLowerCase(), Object.keys(kindAliases));
  throw new SluiceError('USAGE', `Sluice does not release the kind "${word}"; it knows ${known.join(', ')}.`, {
    ...(near !== undefined && { next: `Did you mean ${near}?` }),
    details: { found: word, allowed: known },
  });
}

/** Names go into workflow ids, whose parts are separated by slashes. */
function checked(what: string, name: string): string {
  if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) && name.length <= 253) return name;
  throw new SluiceError(
    'USAGE',
    `"${name}" cannot be the ${what} of a workload: only lower-case letters, digits, "-" and ".".`,
  );
}
