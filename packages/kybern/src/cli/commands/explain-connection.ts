import { isApiError, type Client, type Kind, type KubernetesObject } from '@kybern/core';
import * as kinds from '@kybern/core/kinds';
import { createNetworkModel, parseIp, UnknownEndError, type ConnectionExplanation } from '@kybern/netmodel';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { loadManifests } from '../manifests.ts';
import { cliKinds } from '../resource-argument.ts';
import { align } from '../table-text.ts';
import { withClient, type ClusterArgs } from './command.ts';

/** What `kybern explain connection` takes. */
export interface ExplainConnectionArgs extends ClusterArgs {
  /** FROM, TO and PORT; the port may carry its protocol: `53/UDP`. */
  readonly words: readonly string[];
  /** Files and folders that are asked instead of a cluster. */
  readonly filename: readonly string[] | undefined;
  readonly output: string | undefined;
}

interface Question {
  readonly from: string;
  readonly to: string;
  readonly port: number | string;
  readonly protocol: 'SCTP' | 'TCP' | 'UDP';
}

/**
 * Says by which steps a connection goes, and where it ends if it does not arrive: name, Service, endpoints, NetworkPolicies.
 *
 * @throws {CliError} when the question is not understood, or one of its ends is not there
 */
export async function explainConnection(args: ExplainConnectionArgs, io: CliIo): Promise<number> {
  const question = readQuestion(args.words, args.namespace);
  const objects = args.filename === undefined ? await withClient(args, io, (client) => fromCluster(client, io)) : await fromFiles(args.filename, args, io);
  const explanation = answer(objects, question);
  if (args.output === 'json') io.stdout.write(`${JSON.stringify(explanation, null, 4)}\n`);
  else line(io.stdout, connectionText(question, explanation));
  return 0;
}

function answer(objects: readonly KubernetesObject[], question: Question): ConnectionExplanation {
  try {
    return createNetworkModel(objects).explainConnection(question);
  } catch (error) {
    throw error instanceof UnknownEndError ? new CliError(error.message, { cause: error }) : error;
  }
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;

function readQuestion(words: readonly string[], namespace: string): Question {
  const [from, to, text, ...more] = words;
  if (from === undefined || to === undefined || text === undefined || more.length > 0) {
    throw new CliError('say from where to where, and the port: kybern explain connection FROM TO PORT, such as "connection web/front-1 postgres.db 5432"');
  }
  const [port = '', given = 'TCP'] = text.split('/');
  const protocol = PROTOCOLS.find((each) => each === given.toUpperCase());
  if (protocol === undefined) throw new CliError(`"${text}": the protocol is one of ${PROTOCOLS.join(', ')}`);
  const number = Number(port);
  if (port === '' || (/^\d+$/.test(port) && (number < 1 || number > 65_535))) throw new CliError(`"${text}" is no port: a number from 1 to 65535, or a name`);
  return { from: inNamespace(from, namespace), to: to.replace(/^pod\//, `${namespace}/`), port: /^\d+$/.test(port) ? number : port, protocol };
}

/** The source is a Pod, `NAME` or `NAMESPACE/NAME`, a node as `node/NAME`, or an address. */
function inNamespace(from: string, namespace: string): string {
  const pod = from.replace(/^pod\//, '');
  return pod.includes('/') || parseIp(pod) !== undefined ? pod : `${namespace}/${pod}`;
}

const SOURCES: readonly Kind[] = [kinds.Pod, kinds.Namespace, kinds.Node, kinds.Service, kinds.EndpointSlice, kinds.NetworkPolicy];

/** What the person may not read is said and left out, except Pods and Services: without them there is no answer. */
async function fromCluster(client: Client, io: CliIo): Promise<readonly KubernetesObject[]> {
  const lists = SOURCES.map(async (kind): Promise<readonly KubernetesObject[]> => {
    try {
      return (await client.list(kind)).items;
    } catch (error) {
      if (kind === kinds.Pod || kind === kinds.Service || !isApiError(error) || error.reason !== 'Forbidden') throw error;
      line(io.stderr, `kybern: ${kind.plural} are left out: ${error.message}`);
      return [];
    }
  });
  return (await Promise.all(lists)).flat();
}

async function fromFiles(paths: readonly string[], { namespace }: ClusterArgs, io: CliIo): Promise<readonly KubernetesObject[]> {
  const manifests = await loadManifests(paths, { cwd: io.cwd, kinds: cliKinds() });
  return manifests.map(({ kind, object }) => {
    const full = object as unknown as KubernetesObject; // has its name: that was looked at when it was read
    return kind.scope === 'Namespaced' && full.metadata.namespace === undefined ? { ...full, metadata: { ...full.metadata, namespace } } : full;
  });
}

/** An explanation for people: the answer first, then step by step. */
export function connectionText({ from, to, port, protocol }: Question, { reachable, reason, steps }: ConnectionExplanation): string {
  const head = `${from} to ${to}, port ${String(port)}/${protocol}: ${reachable ? 'reachable' : 'NOT reachable'}: ${reason}`;
  if (steps.length === 0) return head;
  return `${head}\n\n${align([['STEP', 'OK', 'WHAT'], ...steps.map(({ type, ok, message }) => [type, ok ? 'yes' : 'no', message])])}`;
}
