import { formatAge } from '@kybern/core';
import type {
  CertificateSigningRequest,
  ClusterRoleBinding,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  RoleBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '@kybern/core/kinds';
import { ageColumn, nameColumn, selectorCell, textOr } from './cells.ts';
import { NONE, UNSET, type Column } from './table.ts';

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printRoleBinding, printClusterRoleBinding) */
export const roleBindingColumns: readonly Column<RoleBinding | ClusterRoleBinding>[] = [
  nameColumn,
  { name: 'Role', cell: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}` },
  ageColumn,
  { name: 'Users', wide: true, cell: (binding) => subjects(binding, 'User') },
  { name: 'Groups', wide: true, cell: (binding) => subjects(binding, 'Group') },
  { name: 'ServiceAccounts', wide: true, cell: (binding) => subjects(binding, 'ServiceAccount') },
];

function subjects(binding: RoleBinding | ClusterRoleBinding, kind: string): string {
  const chosen = (binding.subjects ?? []).filter((subject) => subject.kind === kind);
  return chosen.map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name)).join(', ');
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printCertificateSigningRequest) */
export const certificateSigningRequestColumns: readonly Column<CertificateSigningRequest>[] = [
  nameColumn,
  ageColumn,
  { name: 'SignerName', cell: ({ spec }) => textOr(spec.signerName, NONE) },
  { name: 'Requestor', cell: ({ spec }) => spec.username ?? '' },
  { name: 'RequestedDuration', cell: ({ spec }) => (spec.expirationSeconds === undefined ? NONE : formatAge(spec.expirationSeconds * 1000)) },
  { name: 'Condition', cell: requestCondition },
];

function requestCondition({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status?.conditions?.some((condition) => condition.type === type) === true;
  const verdict = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return [verdict, ...(has('Failed') ? ['Failed'] : []), ...(textOr(status?.certificate, '') === '' ? [] : ['Issued'])].join(',');
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printMutatingWebhook, printValidatingWebhook) */
export const webhookColumns: readonly Column<MutatingWebhookConfiguration | ValidatingWebhookConfiguration>[] = [
  nameColumn,
  { name: 'Webhooks', type: 'integer', cell: ({ webhooks }) => webhooks?.length ?? 0 },
  ageColumn,
];

type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy;
const paramKindColumn: Column<Policy> = {
  name: 'ParamKind',
  cell: ({ spec }) => (spec?.paramKind === undefined ? UNSET : `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}`),
};

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printValidatingAdmissionPolicy) */
export const validatingPolicyColumns: readonly Column<ValidatingAdmissionPolicy>[] = [
  nameColumn,
  { name: 'Validations', type: 'integer', cell: ({ spec }) => spec?.validations?.length ?? 0 },
  paramKindColumn,
  ageColumn,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printMutatingAdmissionPolicy) */
export const mutatingPolicyColumns: readonly Column<MutatingAdmissionPolicy>[] = [
  nameColumn,
  { name: 'Mutations', type: 'integer', cell: ({ spec }) => spec?.mutations?.length ?? 0 },
  paramKindColumn,
  ageColumn,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printValidatingAdmissionPolicyBinding, printMutatingAdmissionPolicyBinding) */
export const policyBindingColumns: readonly Column<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding>[] = [
  nameColumn,
  { name: 'PolicyName', cell: ({ spec }) => spec?.policyName ?? '' },
  { name: 'ParamRef', cell: paramRef },
  ageColumn,
];

/** A parameter without a namespace is shown as in any. */
function paramRef({ spec }: ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding): string {
  const reference = spec?.paramRef;
  if (reference === undefined) return UNSET;
  if (reference.name !== undefined && reference.name !== '') return `${textOr(reference.namespace, '*')}/${reference.name}`;
  return reference.selector === undefined ? UNSET : selectorCell(reference.selector);
}
