// The peer, driven as fast as it goes. It has to be bundled, because its modules import each other without file extensions.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

/** What is used of the peer's cluster. */
export interface PeerCluster {
  readonly clock: { pause(): void; step(ms: number): void; isPaused(): boolean };
  init(): Promise<void>;
  apply(resources: readonly object[]): Promise<unknown>;
  informer(resource: string, callback: (type: string, object: PeerDeployment) => void): { start(): Promise<void> };
  registerImage(image: unknown): void;
  close(): Promise<void>;
}

interface PeerDeployment {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly availableReplicas?: number };
}

interface PeerModule {
  readonly Cluster: new (options: { readonly nodes: number }) => PeerCluster;
  readonly BaseImage: new () => { exec(context: { waitUntilKilled(): Promise<number> }, argv: readonly string[]): Promise<number> };
}

let bundle: string | undefined;

/** Bundles the peer once; the file's URL. */
export function bundlePeer(): string {
  if (bundle !== undefined) return bundle;
  const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..');
  const outfile = join(root, 'node_modules/.cache/webernetes.mjs');
  mkdirSync(dirname(outfile), { recursive: true });
  const entry = fileURLToPath(import.meta.resolve('@ngrok/webernetes'));
  buildSync({ entryPoints: [entry], bundle: true, format: 'esm', platform: 'browser', outfile, logLevel: 'silent' });
  bundle = pathToFileURL(outfile).href;
  return bundle;
}

/** A started peer cluster that has an image nginx:1.25. */
export async function loadPeer(nodes: number): Promise<PeerCluster> {
  const { Cluster, BaseImage } = (await import(bundlePeer())) as PeerModule;
  class Nginx extends BaseImage {
    static readonly imageName = 'nginx';
    static readonly imageVersion = '1.25';
    readonly defaultCommand = ['server'];
    override exec(context: { waitUntilKilled(): Promise<number> }): Promise<number> {
      return context.waitUntilKilled();
    }
  }
  const cluster = new Cluster({ nodes });
  cluster.registerImage(Nginx);
  await cluster.init();
  return cluster;
}

/** Applies Deployments of three replicas and steps the peer's clock until all are available. */
export async function peerDeployments(cluster: PeerCluster, count: number): Promise<void> {
  const available = new Set<string>();
  cluster.clock.pause();
  const informer = cluster.informer('deployments', (_type, { metadata, status }) => {
    if ((status?.availableReplicas ?? 0) >= 3) available.add(metadata.name);
  });
  const run = async (promise: Promise<unknown>): Promise<void> => {
    let over = false;
    void promise.then(() => (over = true));
    while (!over) await turn(cluster);
  };
  await run(informer.start());
  await run(
    cluster.apply(
      Array.from({ length: count }, (_, index) => {
        const labels = { app: `web-${String(index)}` };
        return {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: labels.app, namespace: 'default' },
          spec: {
            replicas: 3,
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx:1.25' }] } },
          },
        };
      }),
    ),
  );
  while (available.size < count) await turn(cluster);
}

/** Lets everything run that can, then moves the peer's clock on. */
async function turn(cluster: PeerCluster): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  cluster.clock.step(10);
}
