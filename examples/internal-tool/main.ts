// The tool: node main.ts DIRECTORY. Desired state in DIRECTORY/state, zone files in DIRECTORY/zones, and how to reach it in DIRECTORY/access.json.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApiServer } from '@kybern/apiserver';
import { createManager, createMetricsRegistry } from '@kybern/reconcile';
import { serveProbes } from '@kybern/reconcile/http';
import { openFileStore } from '@kybern/state/file';
import { DnsRecord, Zone } from './kinds.ts';
import { zoneController } from './zone-controller.ts';
import { openZoneDirectory } from './zone-directory.ts';

const directory = process.argv[2] ?? 'data';
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

await using state = await openFileStore({ directory: join(directory, 'state') });
await using api = await createApiServer({ state, kinds: [Zone, DnsRecord] });
const metrics = createMetricsRegistry();
const manager = createManager({ client: api.client, controllers: [zoneController(await openZoneDirectory(join(directory, 'zones')))], metrics });
const running = manager.run(stop.signal);
await manager.synced;

const { url, certificateAuthority, admin } = await api.listen();
await using probes = await serveProbes({ manager, metrics });
const access = { server: url, certificateAuthority, clientCertificate: admin.certificate, clientKey: admin.key, namespace: 'default' };
await writeFile(join(directory, 'access.json'), JSON.stringify(access), { mode: 0o600 });
process.stdout.write(`ready at ${url}, probes and metrics at ${probes.url}\n`);
await running;
