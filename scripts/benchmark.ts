/** One figure. A bench module (`packages/*\/bench/*.ts`) exports `benchmarks: readonly Benchmark[]`. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** What it should reach. */
  readonly aim?: number;
  /** Measures; warms up by itself. */
  run(): Promise<number> | number;
  /** The same on somebody else's code, in the same run. */
  readonly peer?: { readonly name: string; run(): Promise<number> | number };
}
