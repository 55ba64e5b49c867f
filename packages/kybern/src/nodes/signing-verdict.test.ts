import type { CertificateSigningRequest } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { CLIENT_SIGNER, computeVerdict, nodeSubject, SERVING_SIGNER } from './signing-verdict.ts';

const subjectOf = (name: string, organizations: readonly string[] = ['system:nodes']) => ({ commonName: `system:node:${name}`, organizations });
const requestOf = (spec: Partial<CertificateSigningRequest['spec']>): Pick<CertificateSigningRequest, 'spec'> => ({
  spec: {
    request: '',
    signerName: CLIENT_SIGNER,
    usages: ['digital signature', 'client auth'],
    username: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers', 'system:authenticated'],
    ...spec,
  },
});
const itself = { username: nodeSubject('a').name, groups: ['system:nodes', 'system:authenticated'] };
const serving = { signerName: SERVING_SIGNER, usages: ['digital signature', 'server auth'] } as const;

describe('a request for a certificate of a node', () => {
  it.each([
    { name: 'of one with a bootstrap token', request: requestOf({}), use: 'client' },
    { name: 'of the node itself', request: requestOf(itself), use: 'client' },
    { name: 'of the node itself for its port', request: requestOf({ ...itself, ...serving }), use: 'serving' },
  ])('$name is approved', ({ request, use }) => {
    expect(computeVerdict(request, subjectOf('a'))).toEqual({ type: 'approved', node: 'a', use });
  });

  it.each([
    { name: 'of another node', request: requestOf(itself), subject: subjectOf('b') },
    { name: 'of one with a bootstrap token for a port', request: requestOf(serving), subject: subjectOf('a') },
    { name: 'of anybody else', request: requestOf({ groups: ['system:authenticated'] }), subject: subjectOf('a') },
    { name: 'for an administrator', request: requestOf({}), subject: subjectOf('a', ['system:nodes', 'system:masters']) },
    { name: 'for no node', request: requestOf({}), subject: { commonName: 'kubernetes-admin', organizations: ['system:nodes'] } },
    { name: 'for a name that is none', request: requestOf({}), subject: subjectOf('A b') },
    { name: 'for more than nodes need', request: requestOf({ usages: ['client auth', 'cert sign'] }), subject: subjectOf('a') },
    { name: 'that cannot be read', request: requestOf({}), subject: undefined },
  ])('$name is denied', ({ request, subject }) => {
    expect(computeVerdict(request, subject).type).toBe('denied');
  });

  it('for another signer is left alone', () => {
    expect(computeVerdict(requestOf({ signerName: 'example.com/mine' }), subjectOf('a'))).toEqual({ type: 'not-ours' });
  });
});
