import { describe, expect, it } from 'vitest';
import { podSelectors, reachMs } from '../../workflows/contract/promql.ts';

describe('how far back a PromQL query reaches', () => {
  it.each([
    ['sum(in_flight{pod="a"})', 0],
    ['sum(rate(calls{pod="a"}[1m]))', 60_000],
    ['max_over_time(sum(rate(calls[1m30s]))[10m:15s])', 690_000],
    ['rate(calls[ 2w ])', 1_209_600_000],
    ['rate(calls[300])', 300_000],
    ['calls{path=~"/[a-z]+@x offset", q=\'[5m]\'}', 0],
    ['calls_offset + offset_calls', 0],
  ])('%s', (query, ms) => {
    expect(reachMs(query)).toBe(ms);
  });

  it.each(['calls offset 5m', 'rate(calls[5m] offset 1h)', 'calls @ 1609746000', 'rate(calls[step() * 2])'])(
    '%s cannot be told, or asks about the past',
    (query) => {
      expect(reachMs(query)).toBeUndefined();
    },
  );
});

describe('the series of a pod that a query asks about', () => {
  it.each([
    ['sum(in_flight{pod="{pod}"})', ['in_flight{pod="{pod}"}']],
    ['sum(rate(a:b{ip=~"{ip}:.*", path!~"/{2}"}[1m])) / sum(all{job="x"})', ['a:b{ip=~"{ip}:.*", path!~"/{2}"}']],
    [
      "a{q='\"', pod='{pod}'} + {__name__=\"b\", pod=`{pod}`}",
      ["a{q='\"', pod='{pod}'}", '{__name__="b", pod=`{pod}`}'],
    ],
    ['in_flight_{pod}', []],
    ['sum(up)', []],
  ])('%s', (query, selectors) => {
    expect(podSelectors(query)).toEqual(selectors);
  });
});
