import { describe, it } from 'vitest';
import { findEtcd } from './etcd-server.ts';

/** Tests with a real etcd. Without one they fail in continuous integration and are skipped elsewhere, and say so. */
export function describeEtcd(title: string, declare: () => void): void {
  if (findEtcd() !== undefined) {
    describe(title, { timeout: 120_000 }, declare);
    return;
  }
  const why = "there is no etcd on the PATH: install it, for instance with Debian's package etcd-server";
  describe(title, () => {
    it('needs etcd', (context) => {
      if (process.env.CI === 'true') throw new Error(why);
      context.skip(why);
    });
  });
}
