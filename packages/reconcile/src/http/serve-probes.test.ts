import { ConfigMap } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { runManager } from '../../test/run-manager.ts';
import { createWorld } from '../../test/world.ts';
import { defineController } from '../controller.ts';
import { createMetricsRegistry } from '../metrics-registry.ts';
import { done } from '../outcome.ts';
import { serveProbes } from './serve-probes.ts';

const controller = defineController({ name: 'maps', for: ConfigMap, reconcile: async () => done() });
const ask = async (url: string): Promise<[number, string]> => {
  const response = await fetch(url);
  return [response.status, await response.text()];
};

describe('probes', () => {
  it('are ready once the caches have synced, and no longer when the manager ends', async () => {
    await using world = await createWorld();
    world.fault = () => ({ type: 'fail' });
    const { manager, stop, ended } = runManager(world, [controller]);
    await using probes = await serveProbes({ manager });
    await world.clock.settleNow();
    expect(await ask(`${probes.url}/livez`)).toEqual([200, 'ok']);
    expect(await ask(`${probes.url}/readyz`)).toEqual([500, '[+]running ok\n[-]caches failed: not synced yet: configmaps\nreadyz check failed\n']);
    expect(await ask(`${probes.url}/readyz?exclude=caches`)).toEqual([200, 'ok']);
    expect(await ask(`${probes.url}/readyz/running`)).toEqual([200, 'ok']);
    world.fault = () => undefined;
    await world.clock.advance(60_000);
    expect(await ask(`${probes.url}/readyz?verbose`)).toEqual([200, '[+]running ok\n[+]caches ok\nreadyz check passed\n']);
    stop.abort();
    expect((await ask(`${probes.url}/readyz/running`))[0]).toBe(500);
    await world.clock.settleNow();
    await ended;
  });

  it('tell of a leader that does not stop although its lease has run out', async () => {
    await using world = await createWorld();
    const stuck = defineController({ name: 'stuck', for: ConfigMap, reconcile: () => new Promise<never>(() => undefined) });
    await world.client.create(ConfigMap, { metadata: { name: 'a' } });
    const { manager, stop } = runManager(world, [stuck], { leaderElection: { name: 'maps' } });
    await using probes = await serveProbes({ manager });
    await world.clock.advance(5_000);
    expect(manager.isLeading).toBe(true);
    expect(await ask(`${probes.url}/healthz/leader-election`)).toEqual([200, 'ok']);
    world.fault = ({ kind }) => (kind.kind === 'Lease' ? { type: 'stall' } : undefined);
    await world.clock.advance(16_000);
    expect(await ask(`${probes.url}/healthz/leader-election`)).toEqual([500, 'internal server error: leadership of lease "maps" is lost\n']);
    await world.clock.advance(60_000);
    expect((await ask(`${probes.url}/healthz`))[0]).toBe(200);
    stop.abort();
  });

  it('have checks of one’s own, and one that throws fails', async () => {
    const manager = { health: () => ({ live: [], ready: [] }) };
    const ready = {
      database: (): string => 'no connection',
      disk(): string | undefined {
        throw new Error('gone');
      },
    };
    await using probes = await serveProbes({ manager, checks: { ready } });
    expect(await ask(`${probes.url}/readyz`)).toEqual([500, '[-]database failed: no connection\n[-]disk failed: gone\nreadyz check failed\n']);
    expect((await ask(`${probes.url}/readyz/other`))[0]).toBe(404);
  });

  it('serve metrics where there are any, to those who read', async () => {
    const manager = { health: () => ({ live: [], ready: [] }) };
    const metrics = createMetricsRegistry();
    metrics.counter('things_total', { of: 'mine' }).add(3);
    await using probes = await serveProbes({ manager, metrics });
    await using without = await serveProbes({ manager });
    expect(await ask(`${probes.url}/metrics`)).toEqual([200, '# TYPE things_total counter\nthings_total{of="mine"} 3\n']);
    expect((await ask(`${without.url}/metrics`))[0]).toBe(404);
    expect((await fetch(`${probes.url}/metrics`, { method: 'POST' })).status).toBe(405);
  });
});
