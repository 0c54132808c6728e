const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** `250m`, `1.5Gi`, `2e3` as a number, as Kubernetes writes resources; NaN for anything else. */
export function amountOf(quantity: string): number {
  const [, digits = '', exponent, suffix = ''] = /^([+-]?[\d.]+)(?:[eE]([+-]?\d+)|([A-Za-z]*))$/.exec(quantity) ?? [];
  const factor = exponent === undefined ? (factors[suffix] ?? Number.NaN) : 10 ** Number(exponent);
  return digits === '' ? Number.NaN : Number(digits) * factor;
}
