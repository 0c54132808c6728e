import type { Match, Split } from '../../workflows/contract/canary/plan.ts';
import type { Sides } from './router.ts';
import type { RuleKind } from './rules.ts';

/** A kind of rule that sends callers to Services, each with a weight. All functions are pure. */
export interface WeightedKind<Rule, Ref extends { readonly weight?: number }> {
  readonly refsOf: (rule: Rule) => readonly Ref[];
  readonly withRefs: (rule: Rule, refs: readonly Ref[]) => Rule;
  /** Whether it sends callers to the Service of this name, in the namespace of the sides. */
  readonly pointsTo: (ref: Ref, name: string, sides: Sides) => boolean;
  /** The same to the canary's Service. */
  readonly toCanary: (stable: Ref, sides: Sides) => Ref;
  /** What people call what it sends callers to. */
  readonly nameOf: (ref: Ref) => string;
  /** The same rule for callers alone who match; it stands before `rule`. */
  readonly only: (rule: Rule, match: Match) => Rule;
  /** Why the rules that point to the stable Service cannot be split in each of these ways. */
  readonly unfit: (rules: readonly Rule[], splits: readonly Split[], sides: Sides) => string | undefined;
}

/** How such rules are split, and how that is taken out of them again. */
export function weightedRules<Rule, Ref extends { readonly weight?: number }>(
  of: WeightedKind<Rule, Ref>,
): Pick<RuleKind<never, Rule>, 'split' | 'strip' | 'unfit'> {
  const { refsOf, withRefs, pointsTo, toCanary } = of;
  const stableOf = (rule: Rule, sides: Sides) => refsOf(rule).find((ref) => pointsTo(ref, sides.service, sides));
  return {
    split: (rules, sides, { weight, match }) =>
      rules.flatMap((rule) => {
        const stable = stableOf(rule, sides);
        if (stable === undefined) return [rule];
        const canary = toCanary(stable, sides);
        const own = match && withRefs(of.only(rule, match), [{ ...canary, weight: 100 }]);
        const both = [
          { ...stable, weight: 100 - weight },
          { ...canary, weight },
        ];
        return [...(own === undefined ? [] : [own]), weight === 0 ? rule : withRefs(rule, both)];
      }),

    strip: (rules, sides, before) => {
      const was = before?.flatMap(refsOf).find((ref) => pointsTo(ref, sides.service, sides));
      return rules.flatMap((rule) => {
        const refs = refsOf(rule);
        const others = refs.filter((ref) => !pointsTo(ref, sides.canary, sides));
        if (others.length === refs.length) return [rule];
        // A rule for callers who match has nobody else.
        if (others.length === 0) return [];
        const back = (ref: Ref): Ref => (pointsTo(ref, sides.service, sides) ? weighing(ref, was?.weight) : ref);
        return [withRefs(rule, others.map(back))];
      });
    },

    unfit: (rules, sides, splits) => {
      const ours = rules.filter((rule) => stableOf(rule, sides) !== undefined);
      if (ours.length === 0) {
        const names = [...new Set(rules.flatMap(refsOf).map(of.nameOf))].join(', ');
        return `has no rule that points to Service ${sides.service}; it points to: ${names || 'nothing'}`;
      }
      const shared = ours
        .map(refsOf)
        .find((refs) => refs.length > 1)
        ?.find((ref) => !pointsTo(ref, sides.service, sides));
      if (shared !== undefined) {
        return `has a rule that splits callers between Service ${sides.service} and ${of.nameOf(shared)} already`;
      }
      if (rules.flatMap(refsOf).some((ref) => pointsTo(ref, sides.canary, sides))) {
        return `points to Service ${sides.canary} already`;
      }
      return of.unfit(ours, splits, sides);
    },
  };
}

function weighing<Ref extends { readonly weight?: number }>(ref: Ref, weight: number | undefined): Ref {
  const { weight: _, ...rest } = ref;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all of it but the weight, which may be left out
  return { ...rest, ...(weight !== undefined && { weight }) } as Ref;
}
