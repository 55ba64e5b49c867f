import { readSigningRequest, type Listener } from '@kybern/apiserver';
import { formatTime, type Clock } from '@kybern/core';
import { CertificateSigningRequest } from '@kybern/core/kinds';
import { defineController, done, requeueAfter, type ControllerDefinition } from '@kybern/reconcile';
import { computeVerdict, servingName } from './signing-verdict.ts';

/** What {@link nodeSigner} signs with. */
export interface NodeSignerOptions {
  readonly authority: Listener['authority'];
  readonly clock: Clock;
}

/** How long requests are kept that have been answered. @see kubernetes v1.36 pkg/controller/certificates/cleaner/cleaner.go */
const KEPT_MS = 3_600_000;

/**
 * Approves and signs the certificates of nodes, and denies what is no node's; removes requests an hour after they were made.
 *
 * @see kubernetes v1.36 pkg/controller/certificates
 */
export function nodeSigner({ authority, clock }: NodeSignerOptions): ControllerDefinition<CertificateSigningRequest> {
  return defineController({
    name: 'node-signer',
    for: CertificateSigningRequest,
    async reconcile({ object, client }) {
      const signable = await readSigningRequest({ request: atob(object.spec.request), authority });
      const verdict = computeVerdict(object, signable);
      if (verdict.type === 'not-ours') return done();
      const conditions = object.status?.conditions ?? [];
      if (conditions.length > 0 && (verdict.type === 'denied' || object.status?.certificate !== undefined)) {
        const leftMs = Date.parse(object.metadata.creationTimestamp ?? '') + KEPT_MS - clock.now();
        if (leftMs > 0) return requeueAfter(leftMs);
        await client.delete(CertificateSigningRequest, object.metadata.name);
        return done();
      }
      if (conditions.length === 0) {
        const now = formatTime(clock.now());
        const condition =
          verdict.type === 'denied'
            ? { type: 'Denied', reason: 'NotOfANode', message: verdict.message }
            : { type: 'Approved', reason: 'AutoApproved', message: 'Auto approving kubelet certificate' };
        const approved = { ...condition, status: 'True', lastUpdateTime: now, lastTransitionTime: now };
        await client.update(CertificateSigningRequest, { ...object, status: { ...object.status, conditions: [approved] } }, { subresource: 'approval' });
        return done(); // what that changes brings it back
      }
      if (verdict.type === 'denied' || signable === undefined) return done();
      const certificate = await signable.sign(verdict.use === 'client' ? { client: true } : { hosts: [servingName(verdict.node)] });
      await client.update(CertificateSigningRequest, { ...object, status: { ...object.status, certificate: btoa(certificate) } }, { subresource: 'status' });
      return done();
    },
  });
}
