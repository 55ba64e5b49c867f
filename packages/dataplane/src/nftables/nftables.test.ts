import { expect, it } from 'vitest';
import { createNftables } from './nftables.ts';

it('ends also when it is told to while nft runs', async () => {
  const stop = new AbortController();
  const scripts: string[] = [];
  const tables = createNftables({
    podCidrs: ['10.244.0.0/16'],
    families: ['IPv4'],
    nft: {
      list: () => Promise.resolve(undefined),
      apply(script) {
        scripts.push(script);
        stop.abort();
        return Promise.resolve();
      },
    },
  });
  await tables.run(stop.signal);
  expect(scripts.length).toBeGreaterThan(0);
});
