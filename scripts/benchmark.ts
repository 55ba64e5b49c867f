/** A value with others that explain it. */
export interface Measured {
  readonly value: number;
  readonly more: Readonly<Record<string, number>>;
}

/** One figure. A bench module (`packages/*\/bench/*.ts`) exports `benchmarks: readonly Benchmark[]`. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** What it should reach. */
  readonly aim?: number;
  /** Why it cannot be measured yet: it is reported as such. */
  readonly missing?: string;
  /** Measures; warms up by itself. */
  run(): Promise<number | Measured> | number | Measured;
  /** The same on somebody else's code, in the same run. */
  readonly peer?: { readonly name: string; run(): Promise<number> | number };
}
