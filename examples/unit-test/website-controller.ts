import { condition, ownerReference, type ObjectInput } from '@kybern/core';
import { Deployment } from '@kybern/core/kinds';
import { defineController, done } from '@kybern/reconcile';
import { Website } from './website.ts';

/** Keeps a Deployment for every Website, and tells in the Website's status how it goes. */
export const websiteController = defineController({
  for: Website,
  owns: [Deployment],
  async reconcile({ object: site, client, cache }) {
    if (site.metadata.deletionTimestamp !== undefined) return done();
    const wanted = deploymentFor(site);
    const found = cache.get(Deployment, `${site.metadata.namespace}/${site.metadata.name}`);
    const deployment =
      found === undefined
        ? await client.create(Deployment, wanted)
        : await client.mutate(Deployment, found, (draft) => {
            draft.spec.replicas = site.spec.replicas;
            for (const container of draft.spec.template.spec?.containers ?? []) container.image = site.spec.image;
          });
    const ready = deployment.status?.readyReplicas ?? 0;
    await client.mutateStatus(Website, site, (draft) => {
      draft.status.readyReplicas = ready;
      condition(draft, 'Ready', ready >= site.spec.replicas, { reason: ready >= site.spec.replicas ? 'AllReady' : 'Starting' });
    });
    return done();
  },
});

function deploymentFor(site: Website): ObjectInput<Deployment> {
  const { name, namespace = 'default' } = site.metadata;
  const labels = { website: name };
  return {
    metadata: { name, namespace, ownerReferences: [ownerReference(Website, site, { controller: true })] },
    spec: {
      replicas: site.spec.replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: site.spec.image }] } },
    },
  };
}
