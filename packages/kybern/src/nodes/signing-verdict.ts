import type { CertificateSigningRequest } from '@kybern/core/kinds';

/** What proves a node to the API server. */
export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
/** What proves a node's kubelet port to the API server. */
export const SERVING_SIGNER = 'kubernetes.io/kubelet-serving';
const NODE_PREFIX = 'system:node:';
const NODES = 'system:nodes';
const BOOTSTRAPPERS = 'system:bootstrappers';

/** Who a node's certificate is for. */
export function nodeSubject(name: string): { readonly name: string; readonly groups: readonly string[] } {
  return { name: `${NODE_PREFIX}${name}`, groups: [NODES] };
}

/** The name in a node's serving certificate: no host that anybody reaches has such a one, so that a node cannot pass for another server. */
export function servingName(node: string): string {
  return `${node}.nodes.kybern.internal`;
}

/** What becomes of a request. */
export type SigningVerdict =
  | { readonly type: 'not-ours' }
  | { readonly type: 'denied'; readonly message: string }
  | { readonly type: 'approved'; readonly node: string; readonly use: 'client' | 'serving' };

/** Who the certificate would be for. */
export interface SigningSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/**
 * Decides about a request for a node's certificate: one who has a bootstrap token may become any node, a node may have itself certified anew.
 *
 * Differs from Kubernetes: there serving certificates wait for a person. Ours name no host that the node could choose.
 *
 * @param subject undefined: the request cannot be read
 * @see kubernetes v1.36 pkg/controller/certificates/approver/sarapprove.go
 */
export function computeVerdict({ spec }: Pick<CertificateSigningRequest, 'spec'>, subject: SigningSubject | undefined): SigningVerdict {
  if (spec.signerName !== CLIENT_SIGNER && spec.signerName !== SERVING_SIGNER) return { type: 'not-ours' };
  const use = spec.signerName === CLIENT_SIGNER ? 'client' : 'serving';
  const denied = (message: string): SigningVerdict => ({ type: 'denied', message });
  if (subject === undefined) return denied('the request is not signed by the key that it is for');
  const node = subject.commonName.startsWith(NODE_PREFIX) ? subject.commonName.slice(NODE_PREFIX.length) : '';
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(node)) return denied(`the common name must be ${NODE_PREFIX}NAME`);
  if (subject.organizations.length !== 1 || subject.organizations[0] !== NODES) return denied(`the organization must be ${NODES}`);
  const allowed = new Set(['digital signature', 'key encipherment', use === 'client' ? 'client auth' : 'server auth']);
  if (spec.usages?.every((usage) => allowed.has(usage)) !== true) return denied(`the usages must be of ${[...allowed].join(', ')}`);
  const isItself = spec.username === subject.commonName && spec.groups?.includes(NODES) === true;
  if (isItself || (use === 'client' && spec.groups?.includes(BOOTSTRAPPERS) === true)) return { type: 'approved', node, use };
  return denied(`user ${JSON.stringify(spec.username ?? '')} may not have a certificate of node ${JSON.stringify(node)}`);
}
