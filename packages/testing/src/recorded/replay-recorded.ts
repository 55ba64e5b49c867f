import { isAlreadyExists, type Client, type Kind, type KubernetesObject } from '@kybern/core';
import { readSource } from '../manifests.ts';
import type { TestCluster } from '../test-cluster.ts';
import type { RecordedReport, RecordedRequest, ReplayRecordedOptions } from './options.ts';
import { readRecorded } from './read-recorded.ts';

/** Who does by itself in a test cluster what it did in the other one. */
const BY_ITSELF = /^system:(?:apiserver$|kube-controller-manager$|kube-scheduler$|node:|serviceaccount:kube-system:)/;

/**
 * Makes the writes of another cluster's audit log (`audit.k8s.io/v1`, JSON lines), or of the log of a watch, to a test cluster, as far apart in virtual time
 * as they were. What they answer to, the test cluster's own controllers and nodes do anew. Versions and UIDs of the other cluster are left out.
 *
 * Requests that fail here are told in the report and end nothing.
 *
 * @param log the text, or the URL of a file
 * @throws {SyntaxError} when a line is no such event; says which
 */
export async function replayRecorded(
  cluster: TestCluster,
  log: string | URL,
  { which = ({ user }) => user === undefined || !BY_ITSELF.test(user) }: ReplayRecordedOptions = {},
): Promise<RecordedReport> {
  const all = readRecorded(readSource(log), (apiVersion, kind) => cluster.api.kinds.find(apiVersion, kind));
  const wanted = all.filter(which).sort((a, b) => a.atMs - b.atMs || a.line - b.line);
  const failed: { readonly request: RecordedRequest; readonly error: Error }[] = [];
  const [startMs, firstMs] = [cluster.clock.monotonicMs(), wanted[0]?.atMs ?? 0];
  for (const request of wanted) {
    await cluster.advance(Math.max(0, startMs + request.atMs - firstMs - cluster.clock.monotonicMs()));
    await make(cluster, request).catch((error: unknown) => failed.push({ request, error: error as Error }));
  }
  return { made: wanted.length, leftOut: all.length - wanted.length, failed };
}

async function make({ client, api }: TestCluster, request: RecordedRequest): Promise<void> {
  const { group, version, resource, namespace, name, verb, body } = request;
  const kind = api.kinds.byResource(group, version, resource);
  if (kind === undefined)
    throw new TypeError(`line ${String(request.line)}: the cluster does not serve ${resource} of ${group === '' ? version : `${group}/${version}`}`);
  if (verb === 'delete') return void (await client.delete(kind, keyOf(request)));
  if (body === undefined) throw new TypeError(`line ${String(request.line)}: has no object; log it at level Request or RequestResponse`);
  if (request.subresource !== undefined && request.subresource !== 'status')
    return void (await client.createSubresource(kind, keyOf(request), request.subresource, body as never));
  if (request.isPatch)
    return void (await client.patch(kind, keyOf(request), { type: Array.isArray(body) ? 'json' : 'merge', patch: body as never }, subresourceOf(request)));
  const object = { ...body, metadata: { ...fresh(body), name: name ?? '', ...(namespace === undefined ? {} : { namespace }) } };
  if (verb === 'create') return await create(client, kind, object);
  await client.update(kind, object, subresourceOf(request));
}

/** A log of a watch begins with what was there, which may be here too. */
async function create(client: Client, kind: Kind, object: KubernetesObject): Promise<void> {
  await client.create(kind, object).catch((error: unknown) => (isAlreadyExists(error) ? client.update(kind, object) : Promise.reject(error as Error)));
}

function subresourceOf({ subresource }: RecordedRequest): { readonly subresource?: 'status' } {
  return subresource === 'status' ? { subresource } : {};
}

function keyOf({ namespace, name = '' }: RecordedRequest): { readonly namespace?: string; readonly name: string } {
  return namespace === undefined ? { name } : { namespace, name };
}

/** What another cluster gave to an object. */
function fresh({ metadata }: KubernetesObject): KubernetesObject['metadata'] {
  const { resourceVersion: _version, uid: _uid, creationTimestamp: _created, generation: _generation, managedFields: _managed, ...own } = metadata ?? {};
  return own as KubernetesObject['metadata'];
}
