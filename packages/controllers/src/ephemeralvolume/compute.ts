import { ownerReference, type ObjectInput } from '@kybern/core';
import { Pod, type PersistentVolumeClaim } from '@kybern/core/kinds';

/**
 * The claims that a Pod's generic ephemeral volumes need. They belong to the Pod, and go with it. Nothing is needed for a Pod that is being deleted.
 *
 * @see kubernetes v1.36 pkg/controller/volume/ephemeral/controller.go
 */
export function computeEphemeralClaims(pod: Pod): readonly (ObjectInput<PersistentVolumeClaim> & { readonly metadata: { readonly name: string } })[] {
  const { name: podName, namespace, deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined) return [];
  return (pod.spec.volumes ?? []).flatMap(({ name, ephemeral }) => {
    const template = ephemeral?.volumeClaimTemplate;
    if (template === undefined) return [];
    const { labels, annotations } = template.metadata ?? {};
    const metadata = {
      name: `${podName}-${name}`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [ownerReference(Pod, pod, { controller: true })],
    };
    return [{ metadata, spec: template.spec }];
  });
}
