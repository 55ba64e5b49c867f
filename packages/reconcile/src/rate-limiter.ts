import type { Clock } from '@kybern/core';

/** Decides how long a key that failed has to wait. */
export interface RateLimiter<K> {
  /** Counts one failure of `key` and returns the delay in ms before it may run again. */
  next(key: K): number;
  /** The key succeeded, or was given up: it starts from the beginning. */
  forget(key: K): void;
  /** How often in a row `key` failed. */
  failures(key: K): number;
}

/** Options of {@link exponentialLimiter}. */
export interface ExponentialLimiterOptions {
  /** Delay of the first failure in ms; doubles with every further one. Default 5. */
  readonly baseMs?: number;
  /** Longest delay in ms. Default 1,000,000. */
  readonly maxMs?: number;
}

/**
 * Waits `baseMs · 2^failures` per key.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/util/workqueue/default_rate_limiters.go (TypedItemExponentialFailureRateLimiter)
 */
export function exponentialLimiter<K>(options: ExponentialLimiterOptions = {}): RateLimiter<K> {
  const { baseMs = 5, maxMs = 1_000_000 } = options;
  const failures = new Map<K, number>();
  return {
    next(key) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      return Math.min(baseMs * 2 ** count, maxMs);
    },
    forget: (key) => void failures.delete(key),
    failures: (key) => failures.get(key) ?? 0,
  };
}

/** Options of {@link tokenBucketLimiter}. */
export interface TokenBucketOptions {
  readonly clock: Clock;
  /** Tokens per second. Default 10. */
  readonly qps?: number;
  /** Tokens that a full bucket holds. Default 100. */
  readonly burst?: number;
}

/**
 * Allows `burst` at once and `qps` per second on, over all keys together. A token is reserved when it is asked for, so delays of a storm are spread evenly.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/util/workqueue/default_rate_limiters.go (TypedBucketRateLimiter)
 */
export function tokenBucketLimiter<K>(options: TokenBucketOptions): RateLimiter<K> {
  const { clock, qps = 10, burst = 100 } = options;
  let tokens = burst;
  let lastMs = clock.monotonicMs();
  return {
    next() {
      const nowMs = clock.monotonicMs();
      tokens = Math.min(burst, tokens + ((nowMs - lastMs) * qps) / 1000) - 1;
      lastMs = nowMs;
      return tokens >= 0 ? 0 : (-tokens * 1000) / qps;
    },
    forget: () => undefined,
    failures: () => 0,
  };
}

/** Asks all limiters and waits as long as the strictest says. */
export function maxOfLimiters<K>(...limiters: readonly RateLimiter<K>[]): RateLimiter<K> {
  return {
    next: (key) => limiters.reduce((delayMs, limiter) => Math.max(delayMs, limiter.next(key)), 0),
    forget: (key) => limiters.forEach((limiter) => limiter.forget(key)),
    failures: (key) => limiters.reduce((count, limiter) => Math.max(count, limiter.failures(key)), 0),
  };
}

/** What controllers use: 5 ms … 1000 s per key, and 10 per second with bursts of 100 over all keys. */
export function defaultRateLimiter<K>(clock: Clock): RateLimiter<K> {
  return maxOfLimiters(exponentialLimiter<K>(), tokenBucketLimiter<K>({ clock }));
}
