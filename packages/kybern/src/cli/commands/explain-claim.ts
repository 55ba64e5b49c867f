import { isApiError, keyOf, type Client, type Kind, type KubernetesObject } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@kybern/core/kinds';
import { claimsOfPod, explainClaim, type ClaimExplanation } from '@kybern/storage';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { align } from '../table-text.ts';
import type { ClusterArgs } from './command.ts';

/** More volumes than this are grouped by what keeps them from the claim. */
const MAX_ROWS = 25;

/** Which claims to explain, and how. */
export interface ExplainClaimsArgs extends Pick<ClusterArgs, 'namespace'> {
  readonly names: readonly string[];
  readonly output: string | undefined;
  readonly all: boolean;
}

/**
 * Says why claims are Pending or what they have, volume by volume.
 *
 * @throws {CliError} when no claim is named
 */
export async function explainClaims(client: Client, { names, namespace, output, all }: ExplainClaimsArgs, io: CliIo): Promise<number> {
  if (names.includes('')) throw new CliError('say which claim: kybern explain pvc NAME');
  const claims = await Promise.all(names.map((name) => client.get(PersistentVolumeClaim, { name, namespace })));
  const volumes = await listed(client, PersistentVolume, io);
  const storageClasses = await listed(client, StorageClass, io);
  const pods = (await listed(client, Pod, io, namespace)).filter(({ spec }) => (spec.nodeName ?? '') === '');
  const explained = claims.map((claim) => {
    const waitingPods = pods.filter((pod) => claimsOfPod(pod).includes(claim.metadata.name)).map(({ metadata }) => metadata.name);
    return explainClaim({ claim, volumes, storageClasses, waitingPods });
  });
  if (output === 'json') io.stdout.write(`${JSON.stringify(explained.length === 1 ? explained[0] : explained, null, 4)}\n`);
  else line(io.stdout, explained.map((each, index) => claimText(claims[index] as PersistentVolumeClaim, each, all)).join('\n\n'));
  return 0;
}

/** What the person may not read is said and left out. */
async function listed<T extends KubernetesObject>(client: Client, kind: Kind<T>, io: CliIo, namespace?: string): Promise<readonly T[]> {
  try {
    return (await client.list(kind, namespace === undefined ? {} : { namespace })).items;
  } catch (error) {
    if (!isApiError(error) || error.reason !== 'Forbidden') throw error;
    line(io.stderr, `kybern: ${kind.plural} are left out: ${error.message}`);
    return [];
  }
}

/** An explanation for people: the answer first, then volume by volume. */
export function claimText(claim: PersistentVolumeClaim, { phase, summary, volumes }: ClaimExplanation, all: boolean): string {
  const headline = `PersistentVolumeClaim ${keyOf(claim)} is ${phase}: ${summary}`;
  if (phase === 'Bound' && !all) return headline;
  if (volumes.length === 0) return `${headline}\nThere are no volumes.`;
  const rows = volumes.map(({ volume, fits, reasons }): readonly [string, string] => [volume, fits ? 'fits' : reasons.join('; ')]);
  const table = all || rows.length <= MAX_ROWS ? align([['VOLUME', 'WHY NOT'], ...rows]) : align([['VOLUMES', 'WHY NOT'], ...grouped(rows)]);
  return `${headline}\n\n${table}`;
}

function grouped(rows: readonly (readonly [string, string])[]): readonly (readonly string[])[] {
  const groups = [...Map.groupBy(rows, ([, why]) => why)].sort(([, a], [, b]) => b.length - a.length);
  return groups.map(([why, named]) => [named.length === 1 ? (named[0]?.[0] ?? '') : `${String(named.length)} volumes`, why]);
}
