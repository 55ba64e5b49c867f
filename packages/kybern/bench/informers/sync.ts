// Syncs one informer of all Pods, as a process of its own: prints how long it took and what it holds.
import { createHttpClient, loadKubeconfig } from '@kybern/client';
import { metadataOnly } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { createInformer } from '@kybern/reconcile';
import * as k8s from 'client-node-2';

const [who, file, expected] = [process.argv[2], process.argv[3] ?? '', Number(process.argv[4])];
const gc = (globalThis as { gc?: () => void }).gc;

async function own(kind: typeof Pod): Promise<number> {
  const client = createHttpClient(await loadKubeconfig({ file }));
  const informer = createInformer({ client, kind });
  void informer.run(new AbortController().signal);
  await informer.synced;
  return informer.list().length;
}

async function peer(): Promise<number> {
  const config = new k8s.KubeConfig();
  config.loadFromFile(file);
  const core = config.makeApiClient(k8s.CoreV1Api);
  const informer = k8s.makeInformer(config, '/api/v1/pods', () => core.listPodForAllNamespaces());
  await informer.start();
  return informer.list().length;
}

gc?.();
const before = process.memoryUsage();
const startMs = performance.now();
const objects = who === 'peer' ? await peer() : await own(who === 'metadata' ? (metadataOnly(Pod) as typeof Pod) : Pod);
const ms = performance.now() - startMs;
const cpu = process.cpuUsage();
gc?.();
const after = process.memoryUsage();
if (objects !== expected) throw new Error(`${objects} objects instead of ${expected}`);
process.stdout.write(
  JSON.stringify({
    ms,
    heapMb: (after.heapUsed - before.heapUsed) / 2 ** 20,
    rssMb: (after.rss - before.rss) / 2 ** 20,
    peakMb: process.resourceUsage().maxRSS / 1024,
    cpuMs: (cpu.user + cpu.system) / 1000,
  }),
);
process.exit(0);
