import { describe, expect, it } from 'vitest';
import { trafficLines } from '../../../client/cli/view/traffic.ts';
import { findingsIn, type TrafficView } from '../../../client/sdk/traffic.ts';
import type { PodInTraffic, Standing, TrafficLook } from '../../../workflows/contract/trafficLook.ts';
import { later, look, startedAt, target } from '../cli/fixtures.ts';

const eureka = 'eureka CHECKOUT at http://eureka.example:8761/eureka';

const pod = (name: string, ready: boolean, ...stands: (Standing['is'] | Standing)[]): PodInTraffic => ({
  name,
  node: 'node-1',
  ready,
  stands: stands.map((stand) => (typeof stand === 'string' ? { is: stand } : stand)),
});
const seen = (...pods: PodInTraffic[]): TrafficLook => ({
  target,
  sources: ['service checkout', eureka],
  pods,
  openServices: [],
  held: false,
});
const found = (given: TrafficLook, runs = false): string[] =>
  findingsIn(given, runs).map(({ pod: name, source, is }) => `${name} ${source.split(' ')[0]} ${is}`);

describe('what is not as it should be', () => {
  it('nothing, where every pod that is ready is in', () => {
    expect(found(seen(pod('a', true, 'in', 'in'), pod('b', false, 'notReady', 'absent')))).toEqual([]);
  });

  it('who was taken out is the business of the release that runs; where none runs, it was left', () => {
    const out = seen(pod('a', true, 'taken', 'taken'));
    expect(found(out, true)).toEqual([]);
    expect(found(out)).toEqual(['a service left', 'a eureka left']);
  });

  it('who has not all of its weight is the business of the release that runs; where none runs, it was left so', () => {
    const warming = seen(pod('a', true, 'in', { is: 'in', text: 'weight 0.07 of 0.7' }));
    expect(found(warming, true)).toEqual([]);
    expect(findingsIn(warming, false)).toEqual([
      {
        pod: 'a',
        source: eureka,
        is: 'left',
        text: 'left at weight 0.07 of 0.7 by a release or drain that runs no more',
      },
    ]);
  });

  it('whoever was taken out by others is told, ready or not, and also while a release runs', () => {
    const out = seen(pod('a', false, 'notReady', 'disabled'), pod('b', true, 'disabled', 'in'));
    expect(found(out, true)).toEqual(['a eureka disabled', 'b service disabled']);
  });

  it('one that is ready, and gets no callers by the registry’s own state or is not known there', () => {
    const down = { is: 'off', text: 'DOWN' } as const;
    expect(found(seen(pod('a', true, 'in', down), pod('b', true, 'absent', 'unknown')))).toEqual([
      'a eureka off',
      'b service absent',
      'b eureka unknown',
    ]);
  });
});

describe('the picture', () => {
  const view = (given: TrafficLook, change: Partial<TrafficView> = {}): TrafficView => ({
    ...given,
    findings: findingsIn(given, change.running !== undefined),
    ...change,
  });

  it('a line a pod, a column a source, and each finding with what mends it', () => {
    const given = seen(
      pod('checkout-1', true, 'in', 'in'),
      pod('checkout-2', true, 'taken', 'in'),
      pod('checkout-3', true, 'in', { is: 'off', text: 'DOWN' }),
    );
    expect(trafficLines(view(given), look(), { cluster: 'local' })).toEqual([
      ' deployment/checkout  1 of 3 pods in traffic                        shop · local',
      '',
      ' POD          NODE     READY   service checkout   eureka CHECKOUT',
      ' checkout-1   node-1   yes     in                 in',
      ' checkout-2   node-1   yes     out, by sluice     in',
      ' checkout-3   node-1   yes     in                 off',
      '',
      ' ! checkout-2, service checkout: left out by a release or drain that runs no',
      '   more',
      '   sluice restore deployment/checkout -n shop',
      ' ! checkout-3, eureka CHECKOUT: ready, and gets no callers by a state of its',
      '   own: DOWN',
      '   kubectl logs checkout-3 -n shop',
    ]);
  });

  it('says who runs what there, and what of a Service was left open', () => {
    const running = {
      run: 'r',
      app: 'checkout',
      version: '1 pod out',
      initiator: 'anna',
      startedAt,
      drain: true as const,
      text: `Out of traffic since ${later(0)}: checkout-2; until somebody says \`sluice restore\`.`,
    };
    const given = seen(pod('checkout-1', true, 'in', 'in'), pod('checkout-2', true, 'taken', 'taken'));
    const during = trafficLines(view(given, { running }), look(), { cluster: 'local' }).join('\n');
    expect(during).toMatch(/Out of traffic since[\s\S]*\(by anna, 1m/);
    expect(during).not.toContain('left out');
    const open = view({ ...seen(), openServices: ['checkout'] });
    expect(trafficLines(open, look(), { cluster: 'local' }).join('\n')).toMatch(
      /Service checkout still asks for a label[\s\S]*sluice restore deployment\/checkout -n shop/,
    );
  });
});
