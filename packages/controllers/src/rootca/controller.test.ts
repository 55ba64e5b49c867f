import { ConfigMap, Namespace } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createControlPlane } from '../../test/control-plane.ts';
import { rootCaPublisher } from './controller.ts';

it('every namespace has the certificate, also when somebody deletes or changes it', async () => {
  await using plane = await createControlPlane([rootCaPublisher({ certificate: 'PEM' })]);
  const { client } = plane;
  await client.create(Namespace, { metadata: { name: 'team' } });
  await plane.settle();
  const all = async (): Promise<(string | undefined)[][]> =>
    (await client.list(ConfigMap)).items.map(({ metadata, data }) => [metadata.namespace, metadata.name, data?.['ca.crt']]);
  const wanted = ['default', 'kube-node-lease', 'kube-public', 'kube-system', 'team'].map((namespace) => [namespace, 'kube-root-ca.crt', 'PEM']);
  expect(await all()).toEqual(wanted);
  await client.delete(ConfigMap, 'team/kube-root-ca.crt');
  await client.patch(ConfigMap, 'default/kube-root-ca.crt', { type: 'merge', patch: { data: { 'ca.crt': 'other' } } });
  await plane.settle();
  expect(await all()).toEqual(wanted);
  const before = plane.revision;
  await plane.advance(3_600_000);
  expect(plane.revision).toBe(before);
  expect(plane.errors).toEqual([]);
});
