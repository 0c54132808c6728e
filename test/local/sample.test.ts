import { describe, expect, it } from 'vitest';
import { recipes } from '../../local/containerd/image-recipes.ts';
import { missingTag, sampleImage, sampleManifests } from '../../local/sample.ts';

describe('images of the sample', () => {
  it.each(Object.entries(recipes))('%s fails on kwok as in a container', (tag, { env }) => {
    // local/assets/kwok-stages.yaml reads these words in a tag.
    expect(tag.includes('crash')).toBe(env['FAIL'] === 'crash');
    expect(tag.includes('notready')).toBe(env['FAIL'] === 'unready');
    expect(tag).not.toContain('missing');
  });

  it('have versions that their tags begin with', () => {
    for (const [tag, { env }] of Object.entries(recipes)) expect(tag.split('-')[0]).toBe(env['VERSION']);
  });

  it('are named after their registry', () => {
    expect(sampleImage('v2', '127.0.0.1:5000')).toBe('127.0.0.1:5000/sample:v2');
    expect(sampleImage(missingTag)).toBe('registry.local/sample:v9-missing');
    expect(missingTag).toContain('missing');
    expect(Object.keys(recipes)).not.toContain(missingTag);
  });
});

describe('manifests of the sample', () => {
  it('are a Service and a Deployment that belong together', () => {
    const { service, deployment } = sampleManifests({ image: 'i:v1', namespace: 'shop', name: 'checkout' });
    const { template, selector, replicas } = deployment.spec;
    expect(replicas).toBe(12);
    expect(service.spec.selector).toEqual(selector.matchLabels);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect([service, deployment].map(({ metadata }) => metadata.namespace)).toEqual(['shop', 'shop']);
    expect(template.spec.containers[0]?.ports[0]?.name).toBe(service.spec.ports[0]?.targetPort);
  });

  it('go to the fleet that is asked for', () => {
    const on = (runtime?: 'kwok' | 'containerd') =>
      sampleManifests({ image: 'i:v1', ...(runtime && { runtime }) }).deployment.spec.template.spec;
    expect(on('kwok').nodeSelector).toEqual({ 'sluice.dev/fleet': 'kwok' });
    expect(on()).not.toHaveProperty('nodeSelector');
  });

  it('carry what is added', () => {
    const { template } = sampleManifests({
      image: 'i:v1',
      env: { MAX_CONNECTION_AGE: '2s' },
      readinessGates: ['sluice.dev/traffic'],
      podAnnotations: { 'sluice.dev/kwok-ready-delay': '500' },
    }).deployment.spec;
    expect(template.spec.containers[0]?.env).toContainEqual({ name: 'MAX_CONNECTION_AGE', value: '2s' });
    expect(template.spec.readinessGates).toEqual([{ conditionType: 'sluice.dev/traffic' }]);
    expect(template.metadata.annotations).toEqual({ 'sluice.dev/kwok-ready-delay': '500' });
  });
});
