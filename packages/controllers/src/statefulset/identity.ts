import { ownerReference, type ObjectInput } from '@kybern/core';
import { StatefulSet, type PersistentVolumeClaim, type Pod, type PodTemplateSpec } from '@kybern/core/kinds';
import { podFromTemplate } from '../pod-template.ts';

/** The label with the name of a Pod's revision. */
export const REVISION_LABEL = 'controller-revision-hash';
/** The label with a Pod's own name, so that a Service can select one of them. */
const POD_NAME = 'statefulset.kubernetes.io/pod-name';
/** The label with a Pod's ordinal. */
const POD_INDEX = 'apps.kubernetes.io/pod-index';

/** The lowest ordinal. */
export const startOrdinal = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0;

/** How many Pods shall be. */
export const desiredReplicas = ({ spec }: StatefulSet): number => spec.replicas ?? 1;

/** The ordinal that a name has among the Pods of a set; undefined when it is not one of their names. */
export function ordinalOf(set: StatefulSet, { metadata: { name } }: Pod): number | undefined {
  const digits = name.startsWith(`${set.metadata.name}-`) ? name.slice(set.metadata.name.length + 1) : '';
  return /^\d{1,10}$/.test(digits) && Number(digits) < 2 ** 31 ? Number(digits) : undefined;
}

/** Whether there shall be a Pod of that ordinal. */
export const isDesiredOrdinal = (set: StatefulSet, ordinal: number): boolean =>
  ordinal >= startOrdinal(set) && ordinal < startOrdinal(set) + desiredReplicas(set);

/** The name of the revision that a Pod is of. */
export const revisionOf = ({ metadata }: Pod): string => metadata.labels?.[REVISION_LABEL] ?? '';

/** The labels that tell who a Pod is. */
export const identityLabels = (name: string, ordinal: number): Readonly<Record<string, string>> => ({ [POD_NAME]: name, [POD_INDEX]: String(ordinal) });

/** Whether the Pod's labels tell who it is. */
export const hasIdentity = ({ metadata }: Pod): boolean => metadata.labels?.[POD_NAME] === metadata.name;

/** What a Pod of a set is made from. */
export interface Member {
  readonly set: StatefulSet;
  readonly template: PodTemplateSpec | undefined;
  /** The name of the template's revision. */
  readonly revision: string;
  readonly ordinal: number;
}

/**
 * The Pod of an ordinal, to be created: its name, host name, labels and claims are the same whenever it is created again.
 *
 * @see kubernetes v1.36 pkg/controller/statefulset/stateful_set_utils.go (newStatefulSetPod)
 */
export function memberPod({ set, template, revision, ordinal }: Member): ObjectInput<Pod> {
  const pod = podFromTemplate(template, ownerReference(StatefulSet, set, { controller: true }), set.metadata.namespace);
  const { generateName: _, ...metadata } = pod.metadata ?? {};
  const name = `${set.metadata.name}-${ordinal}`;
  const spec = pod.spec ?? { containers: [] };
  const claims = claimsOf(set, ordinal);
  const own = claims.map(({ template: volume, claim }) => ({ name: volume, persistentVolumeClaim: { claimName: claim.metadata.name } }));
  const volumes = [...own, ...(spec.volumes ?? []).filter((volume) => !own.some((each) => each.name === volume.name))];
  return {
    metadata: { ...metadata, name, labels: { ...metadata.labels, ...identityLabels(name, ordinal), [REVISION_LABEL]: revision } },
    spec: {
      ...spec,
      hostname: name,
      ...(set.spec.serviceName === undefined || set.spec.serviceName === '' ? {} : { subdomain: set.spec.serviceName }),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** A claim of a Pod. */
export interface MemberClaim {
  /** The name of its template, which the Pod's volume has. */
  readonly template: string;
  readonly claim: PersistentVolumeClaim;
}

/** The claims of the Pod of an ordinal, as they are to be created. */
export function claimsOf(set: StatefulSet, ordinal: number): readonly MemberClaim[] {
  const { namespace } = set.metadata;
  return (set.spec.volumeClaimTemplates ?? []).map(({ metadata, spec }) => {
    const labels = { ...metadata.labels, ...set.spec.selector.matchLabels };
    const name = `${metadata.name}-${set.metadata.name}-${ordinal}`;
    const claim: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...metadata, name, ...(namespace === undefined ? {} : { namespace }), ...(Object.keys(labels).length === 0 ? {} : { labels }) },
      spec,
    };
    return { template: metadata.name, claim };
  });
}
