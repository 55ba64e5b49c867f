import { describe, it } from 'vitest';
import { findContainerd } from './containerd-instance.ts';

/**
 * Tests with a real containerd. Where there is none they are skipped, and say why; in continuous integration that is a failure for root on Linux, who could install it.
 */
export function describeContainerd(title: string, declare: () => void): void {
  const found = findContainerd();
  if (!('missing' in found)) {
    describe(title, { timeout: 240_000 }, declare);
    return;
  }
  describe(title, () => {
    it('needs containerd', (context) => {
      if (process.env['CI'] === 'true' && process.platform === 'linux' && process.getuid?.() === 0) throw new Error(found.missing);
      context.skip(found.missing);
    });
  });
}
