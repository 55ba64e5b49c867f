import { writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { HttpClient } from '@kybern/client';
import { apiVersionOf, systemClock, type Kind, type KubernetesObject } from '@kybern/core';
import { findKind } from '@kybern/core/kinds';
import { CliError, messageFor } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { withClient, type Command } from './command.ts';

interface SnapshotArgs {
  readonly file: string;
  readonly kubeconfig: string | undefined;
  readonly secrets: boolean;
}

/** `kybern snapshot`: what a running cluster holds, for a test cluster to begin with. */
export const snapshotCommand: Command<SnapshotArgs> = {
  command: 'snapshot <file>',
  describe: 'Write all objects of a running cluster to a file, for createTestCluster({ from })',
  examples: [
    ['kybern snapshot state.json', 'of the cluster that $KUBECONFIG means; values of Secrets are left out'],
    ['kybern snapshot - --secrets', 'prints it, with the values of Secrets'],
  ],
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', describe: 'where to write; "-" prints it' })
      .option('kubeconfig', { type: 'string', describe: 'the cluster to read (default: $KUBECONFIG, else the one that "kybern up" wrote)' })
      .option('secrets', { type: 'boolean', default: false, describe: 'with the values of Secrets' }),
  run: (args, io) => withClient(args, io, (client) => snapshot(client, args, io)),
};

/** The same objects under another name, and what is not stored. */
const LEFT_OUT = new Set(['events.k8s.io', 'metrics.k8s.io', 'custom.metrics.k8s.io', 'external.metrics.k8s.io']);

async function snapshot(client: HttpClient, { file, secrets }: SnapshotArgs, io: CliIo): Promise<number> {
  const objects: (readonly [key: string, object: KubernetesObject])[] = [];
  let revision = 1;
  for (const kind of storedKinds(await client.discover())) {
    const list = await client.list(kind).catch((error: unknown) => {
      line(io.stderr, `${kind.plural} of ${apiVersionOf(kind)} left out: ${messageFor(error)}`);
    });
    revision = Math.max(revision, Number(list?.metadata.resourceVersion ?? 0) || 0);
    for (const item of list?.items ?? [])
      objects.push([storageKey(kind, item), prepared({ ...item, apiVersion: apiVersionOf(kind), kind: kind.kind }, secrets)]);
  }
  const text = JSON.stringify({ kybern: 'image', revision, atMs: systemClock().now(), objects });
  if (file === '-') return (line(io.stdout, text), 0);
  await writeFile(isAbsolute(file) ? file : join(io.cwd, file), text, { mode: 0o600 }).catch((cause: unknown) => {
    throw new CliError(`${file}: cannot be written`, { cause });
  });
  line(io.stdout, `${file} written: ${String(objects.length)} objects`);
  return 0;
}

/** Of each resource one version: the one that test clusters store, else the first that the server names. */
function storedKinds(kinds: readonly Kind[]): readonly Kind[] {
  const chosen = new Map<string, Kind>();
  for (const kind of kinds) {
    if (LEFT_OUT.has(kind.group) || kind.plural === 'componentstatuses') continue;
    const id = `${kind.group}/${kind.plural}`;
    if (!chosen.has(id) || findKind(apiVersionOf(kind), kind.kind) !== undefined) chosen.set(id, kind);
  }
  return [...chosen.values()];
}

function storageKey({ group, plural, scope }: Kind, { metadata }: KubernetesObject): string {
  const place = scope === 'Cluster' ? '' : `${metadata.namespace ?? ''}/`;
  return `/registry/${group === '' ? 'core' : group}/${plural}/${place}${String(metadata.name)}`;
}

function prepared(object: KubernetesObject, withSecrets: boolean): KubernetesObject {
  const { data } = object as { readonly data?: Readonly<Record<string, string>> };
  if (withSecrets || object.kind !== 'Secret' || data === undefined) return object;
  return { ...object, data: Object.fromEntries(Object.keys(data).map((key) => [key, ''])) } as KubernetesObject;
}
