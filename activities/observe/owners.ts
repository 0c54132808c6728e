type Text = Readonly<Record<string, string>>;

/** Who else writes the workload, by the labels and annotations that GitOps tools and Helm leave, for people. */
export function ownersOf(labels: Text, annotations: Text): readonly string[] {
  const owners: string[] = [];
  const tracking = annotations['argocd.argoproj.io/tracking-id']?.split(':')[0];
  const argo = tracking ?? labels['argocd.argoproj.io/instance'];
  if (argo) owners.push(`Argo CD application ${argo}`);
  for (const [prefix, kind] of [
    ['kustomize.toolkit.fluxcd.io', 'Kustomization'],
    ['helm.toolkit.fluxcd.io', 'HelmRelease'],
  ] as const) {
    const name = labels[`${prefix}/name`];
    if (name) owners.push(`Flux ${kind} ${labels[`${prefix}/namespace`] ?? ''}/${name}`);
  }
  const release = annotations['meta.helm.sh/release-name'];
  if (release) owners.push(`Helm release ${annotations['meta.helm.sh/release-namespace'] ?? ''}/${release}`);
  return owners;
}
