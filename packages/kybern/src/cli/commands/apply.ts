import { applyClientSide, type Client } from '@kybern/core';
import { findKind } from '@kybern/core/kinds';
import { CliError } from '../errors.ts';
import { line } from '../io.ts';
import { loadManifests, manifestError, type LoadedManifest } from '../manifests.ts';
import { cliKinds, displayName } from '../resource-argument.ts';
import { clusterOptions, withClient, type ClusterArgs, type Command } from './command.ts';

interface ApplyArgs extends ClusterArgs {
  readonly filename: readonly string[];
  readonly dryRun: boolean;
}

/** `kybern apply`: brings the cluster to what manifests say. */
export const applyCommand: Command<ApplyArgs> = {
  command: 'apply',
  describe: 'Create or change objects so that they are as manifests say',
  examples: [
    ['kybern apply -f deployment.yaml', 'one file'],
    ['kybern apply -f examples/quickstart --dry-run', 'what a folder would change'],
  ],
  options: (yargs) =>
    clusterOptions(yargs)
      .option('filename', { alias: 'f', type: 'string', array: true, demandOption: true, describe: 'files or folders with manifests' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'let the server check everything, change nothing' }),
  run: (args, io) =>
    withClient(args, io, async (client) => {
      const manifests = await loadManifests(args.filename, { cwd: io.cwd, kinds: cliKinds() });
      const failures = await applyManifests(client, manifests, {
        namespace: args.namespace,
        dryRun: args.dryRun,
        onApplied: (manifest, outcome) =>
          line(io.stdout, `${displayName(manifest.kind, manifest.object.metadata.name ?? '')} ${outcome}${args.dryRun ? ' (server dry run)' : ''}`),
      });
      if (failures.length > 0) throw new CliError(failures.map((failure) => failure.message).join('\n'));
      return 0;
    }),
};

/** Options of {@link applyManifests}. */
export interface ApplyManifestsOptions {
  /** For manifests of namespaced kinds that name none. */
  readonly namespace: string;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly onApplied: (manifest: LoadedManifest, outcome: string) => void;
}

/** Applies manifests one after the other. One that is refused does not keep the others from being applied. @returns what was refused, ready to be printed */
export async function applyManifests(client: Client, manifests: readonly LoadedManifest[], options: ApplyManifestsOptions): Promise<readonly CliError[]> {
  const failures: CliError[] = [];
  for (const manifest of manifests) {
    options.signal?.throwIfAborted();
    try {
      const { outcome } = await applyClientSide(client, {
        kind: manifest.kind,
        object: inNamespace(manifest, options.namespace),
        strategic: findKind(manifest.object.apiVersion ?? '', manifest.kind.kind) !== undefined,
        options: {
          fieldManager: 'kybern',
          fieldValidation: 'Strict',
          ...(options.dryRun === true ? { dryRun: true } : {}),
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        },
      });
      options.onApplied(manifest, outcome);
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      failures.push(manifestError(manifest, error));
    }
  }
  return failures;
}

function inNamespace({ kind, object }: LoadedManifest, namespace: string): LoadedManifest['object'] {
  if (kind.scope === 'Cluster' || object.metadata.namespace !== undefined) return object;
  return { ...object, metadata: { ...object.metadata, namespace } };
}
