import { deepEqual } from '@kybern/core';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionStatus,
} from '@kybern/core/kinds';

/** What is taken already in the group of a definition. */
export interface TakenNames {
  /** Plurals, singulars and short names. */
  readonly resources: ReadonlySet<string>;
  /** Kinds and list kinds. */
  readonly kinds: ReadonlySet<string>;
}

/** What {@link computeStatus} looks at. */
export interface StatusInput {
  readonly definition: CustomResourceDefinition;
  /** What other definitions of the group hold, and kinds that are built in. */
  readonly taken: TakenNames;
  /** The time, as Kubernetes writes it. */
  readonly now: string;
}

/**
 * The status of a definition: which names it got, whether it is served, and in which versions there may be objects.
 *
 * Pure. The same reference when nothing changes. Differs from Kubernetes, where a definition that got its names is established by another controller a
 * moment later: here it is at once.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/controller/status/naming_controller.go (calculateNamesAndConditions)
 */
export function computeStatus({ definition, taken, now }: StatusInput): CustomResourceDefinitionStatus {
  const { status = {}, spec } = definition;
  const { names, conflict } = acceptNames(spec.names, status.acceptedNames, taken);
  const accepted: CustomResourceDefinitionCondition =
    conflict === undefined
      ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
      : { type: 'NamesAccepted', status: 'False', ...conflict };
  const wasEstablished = status.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') === true;
  const established: CustomResourceDefinitionCondition =
    conflict === undefined || wasEstablished
      ? { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
      : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
  const approval = approvalOf(definition);
  const wanted = [accepted, established, ...(approval === undefined ? [] : [approval])];
  const next: CustomResourceDefinitionStatus = {
    ...status,
    acceptedNames: names,
    conditions: wanted.reduce((conditions, condition) => withCondition(conditions, condition, now), status.conditions ?? []),
    storedVersions: storedVersionsOf(definition),
  };
  return deepEqual(next, status) ? status : next;
}

interface Names {
  /** Those that were accepted, before or now. */
  readonly names: CustomResourceDefinitionNames;
  /** The last of the conflicts. */
  readonly conflict: { readonly reason: string; readonly message: string } | undefined;
}

function acceptNames(requested: CustomResourceDefinitionNames, held: CustomResourceDefinitionNames | undefined, { resources, kinds }: TakenNames): Names {
  let conflict: Names['conflict'];
  const names: Record<string, unknown> = { ...held, kind: held?.kind ?? '', plural: held?.plural ?? '' };
  const tryName = (field: 'plural' | 'singular' | 'kind' | 'listKind', reason: string, taken: ReadonlySet<string>): void => {
    const name = requested[field];
    if (name === undefined) return;
    if (name !== held?.[field] && taken.has(name)) conflict = { reason, message: `${JSON.stringify(name)} is already in use` };
    else names[field] = name;
  };
  tryName('plural', 'PluralConflict', resources);
  tryName('singular', 'SingularConflict', resources);
  const short = requested.shortNames ?? [];
  const bad = short.filter((name) => held?.shortNames?.includes(name) !== true && resources.has(name));
  if (bad.length > 0) conflict = { reason: 'ShortNamesConflict', message: aggregate(bad.map((name) => `${JSON.stringify(name)} is already in use`)) };
  else setOrDelete(names, 'shortNames', short);
  tryName('kind', 'KindConflict', kinds);
  tryName('listKind', 'ListKindConflict', kinds);
  setOrDelete(names, 'categories', requested.categories ?? []);
  return { names: names as unknown as CustomResourceDefinitionNames, conflict };
}

function setOrDelete(names: Record<string, unknown>, field: string, list: readonly string[]): void {
  if (list.length > 0) names[field] = list;
  else delete names[field];
}

function aggregate(messages: readonly string[]): string {
  return messages.length === 1 ? (messages[0] as string) : `[${messages.join(', ')}]`;
}

function storedVersionsOf({ spec, status }: CustomResourceDefinition): readonly string[] {
  const stored = status?.storedVersions ?? [];
  const current = spec.versions.find(({ storage }) => storage)?.name;
  return current === undefined || stored.includes(current) ? stored : [...stored, current];
}

/** The annotation by which somebody says that a group of Kubernetes' own was reviewed. */
export const APPROVAL_ANNOTATION = 'api-approved.kubernetes.io';

/** Whether a group is Kubernetes' own. */
export function isProtectedGroup(group: string): boolean {
  return ['k8s.io', 'kubernetes.io'].some((domain) => group === domain || group.endsWith(`.${domain}`));
}

/** @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apihelpers/helpers.go (GetAPIApprovalState) */
function approvalOf({ spec, metadata }: CustomResourceDefinition): CustomResourceDefinitionCondition | undefined {
  if (!isProtectedGroup(spec.group)) return undefined;
  const type = 'KubernetesAPIApprovalPolicyConformant';
  const annotation = metadata.annotations?.[APPROVAL_ANNOTATION] ?? '';
  if (annotation.startsWith('unapproved'))
    return { type, status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(annotation)}` };
  if (!URL.canParse(annotation))
    return {
      type,
      status: 'False',
      reason: annotation === '' ? 'MissingAnnotation' : 'InvalidAnnotation',
      message: `protected groups must have approval annotation "${APPROVAL_ANNOTATION}", see https://github.com/kubernetes/enhancements/pull/1111`,
    };
  return { type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${annotation}` };
}

/** Conditions with one of them set. The time of its transition stays when its status does. */
export function withCondition(
  conditions: readonly CustomResourceDefinitionCondition[],
  condition: CustomResourceDefinitionCondition,
  now: string,
): readonly CustomResourceDefinitionCondition[] {
  const old = conditions.find(({ type }) => type === condition.type);
  const next = { lastTransitionTime: old?.status === condition.status ? (old.lastTransitionTime ?? now) : now, ...condition };
  return old === undefined ? [...conditions, next] : conditions.map((each) => (each === old ? next : each));
}
