import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dynamicConfig } from '../../local/temporal/dynamic-config.ts';
import { searchAttributeTypes } from '../../local/temporal/part.ts';
import packageJson from '../../package.json' with { type: 'json' };
import buildConfig from '../../tsconfig.build.json' with { type: 'json' };
import { searchAttributes } from '../../workflows/contract/names.ts';
import { composeFile, composeServices, composeTlsFile, root, variablesOf } from '../support/compose.ts';

/** What can be held without Docker; test/compose runs the same services natively. */

const variables = { POSTGRES_PASSWORD: 'secret', SLUICE_KUBECONFIG: '/kubeconfig', SLUICE_CERTS: '/certificates' };
const services = composeServices([composeFile], variables);
const withTls = composeServices([composeFile, composeTlsFile], variables);
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const jobs = ['schema', 'namespace'];

describe('docker-compose.yml', () => {
  test('every image is pinned to a version', () => {
    const images = Object.values(services).map(({ image }) => image);
    for (const image of images) expect(image).toMatch(/^[\w/-]+:\d+\.\d+(\.\d+)?(-\w+)?$/);
    expect(services['worker']?.image).toBe(`sluice:${packageJson.version}`);
    expect(new Set(images.filter((image) => /temporalio\/(server|admin-tools):/.test(image)).map(tagOf)).size).toBe(1);
  });

  test('every word of a command, a check or an environment is text, as compose wants it', () => {
    const words = Object.values(withTls).flatMap(({ command = [], healthcheck, environment = {} }) => [
      ...command,
      ...(healthcheck?.test ?? []),
      ...Object.values(environment),
    ]);
    expect(words.length).toBeGreaterThan(50);
    // YAML makes a number of 5432 and a map of `a ? b : c`.
    expect(words.filter((word: unknown) => typeof word !== 'string')).toEqual([]);
  });

  test('jobs end, all others are checked and started again', () => {
    const kept = Object.entries(services).filter(([name]) => !jobs.includes(name));
    for (const [name, { healthcheck, restart }] of kept) {
      expect({ name, restart, by: healthcheck?.test[0] }).toEqual({ name, restart: 'unless-stopped', by: 'CMD' });
    }
    for (const name of jobs) expect(services[name]).toMatchObject({ restart: 'on-failure:10' });
  });

  test('nothing starts before what it needs', () => {
    for (const { depends_on = {} } of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        expect(Object.keys(services)).toContain(name);
        expect(condition).toBe(jobs.includes(name) ? 'service_completed_successfully' : 'service_healthy');
      }
    }
  });

  test('what is published is on loopback unless somebody asks for more', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports).toEqual(['127.0.0.1:7233:7233', '127.0.0.1:8080:8080']);
    const open = composeServices([composeFile], { ...variables, SLUICE_BIND: '0.0.0.0' });
    expect(open['temporal']?.ports).toEqual(['0.0.0.0:7233:7233']);
  });

  test('.env.example names every variable, and those without a default are asked for', () => {
    const example = new Set([...read('.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name));
    expect(new Set([...variablesOf(composeFile), ...variablesOf(composeTlsFile)])).toEqual(example);
    expect(() => composeServices([composeFile], {})).toThrow('POSTGRES_PASSWORD is missing a value: Set POSTGRES');
  });

  test('every file of ours that is mounted is there', () => {
    const mounted = Object.values(withTls).flatMap(({ volumes = [] }) => volumes);
    const ours = mounted.flatMap((volume) => (typeof volume === 'string' && volume.startsWith('./') ? [volume] : []));
    expect(ours).toHaveLength(3);
    for (const volume of ours) expect(existsSync(`${root}${volume.split(':')[0]}`)).toBe(true);
    expect(services['temporal']?.environment?.['DYNAMIC_CONFIG_FILE_PATH']).toBe('/sluice/dynamic-config.yaml');
  });

  test('with TLS every client of Temporal brings its certificate', () => {
    const clients = Object.entries(withTls).filter(([, { environment }]) => environment?.['TEMPORAL_ADDRESS']);
    expect(clients.map(([name]) => name)).toEqual(['namespace', 'ui', 'worker']);
    for (const [name, { environment = {}, volumes = [] }] of clients) {
      expect({ name, values: Object.values(environment) }).toMatchObject({
        values: expect.arrayContaining(['/certs/ca.crt', '/certs/client.crt', '/certs/client.key']),
      });
      expect(volumes).toContain('/certificates:/certs:ro');
    }
  });
});

describe('deploy/temporal', () => {
  test('the dynamic configuration is that of the local stack', () => {
    const file = parse(read('deploy/temporal/dynamic-config.yaml')) as Record<string, { value: number }[]>;
    const values = Object.entries(file).map(([key, [only]]) => [key, only?.value]);
    expect(Object.fromEntries(values)).toEqual(dynamicConfig);
  });

  test('the namespace gets the search attributes of the contract', () => {
    const registered = [...read('deploy/temporal/namespace.sh').matchAll(/--name (\w+) --type (\w+)/g)];
    const wanted = Object.entries(searchAttributes).map(([name, type]) => [name, searchAttributeTypes[type]]);
    expect(registered.map(([, name, type]) => [name, type])).toEqual(wanted);
  });
});

describe('deploy/Dockerfile', () => {
  const dockerfile = read('deploy/Dockerfile');

  test('is pinned, and runs as a user who is not root', () => {
    expect(dockerfile).toMatch(/^ARG NODE=node:22\.\d+\.\d+-bookworm-slim$/m);
    expect([...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)).toEqual(['${NODE}', '${NODE}']);
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    expect(dockerfile).toContain(`-t sluice:${packageJson.version} `);
  });

  test('copies what the build reads, and .dockerignore lets it through', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    );
    const needed = new Set([
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'tsconfig.build.json',
      ...buildConfig.include,
    ]);
    expect(new Set(copied)).toEqual(needed);
    const allowed = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, name]) => name);
    expect(new Set(allowed)).toEqual(needed);
  });
});

const tagOf = (image: string): string => image.slice(image.indexOf(':') + 1);
