import { ConfigMap, Deployment, Pod, Secret } from '@kybern/core/kinds';
import { defineKind, type Kind } from '@kybern/core';
import { expect, it } from 'vitest';
import { changed, rejection, startServer, VALID } from '../test/fixtures.ts';

const as = (kind: unknown): Kind => kind as Kind;

it.each([
  {
    name: 'text for a number',
    kind: as(Deployment),
    object: changed(VALID.Deployment, { 'spec.replicas': 'three' }),
    message:
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  },
  {
    name: 'a number for text, deep inside',
    kind: as(Deployment),
    object: changed(VALID.Deployment, { 'spec.template.spec.containers.0.image': 7 }),
    message:
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.image of type string',
  },
  {
    name: 'a fraction for a whole number',
    kind: as(Pod),
    object: changed(VALID.Pod, { 'spec.priority': 1.5 }),
    message: 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
  },
  {
    name: 'a map for a list',
    kind: as(Pod),
    object: changed(VALID.Pod, { 'spec.volumes': {} }),
    message: 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal object into Go struct field PodSpec.spec.volumes of type []v1.Volume',
  },
  {
    name: 'what is no quantity',
    kind: as(Pod),
    object: changed(VALID.Pod, { 'spec.containers.0.resources': { requests: { cpu: 'lots' } } }),
    message: 'Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
  },
  {
    name: 'what is no base64',
    kind: as(Secret),
    object: changed(VALID.Secret, { 'data.key': 'not base64!' }),
    message: 'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 3',
  },
  {
    name: 'a value of a map',
    kind: as(ConfigMap),
    object: changed(VALID.ConfigMap, { 'data.key': 1 }),
    message: 'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
  },
])('a body with $name is answered as Kubernetes’ decoder does', async ({ kind, object, message }) => {
  await using server = await startServer();
  expect(await rejection(server.client.create(kind, object))).toMatchObject({ code: 400, reason: 'BadRequest', message });
});

it('custom kinds are validated: every wrong type is a cause of its own', async () => {
  const Site = defineKind({
    group: 'example.com',
    version: 'v1',
    kind: 'Site',
    scope: 'Namespaced',
    spec: { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'string' } } },
  });
  await using server = await startServer({ kinds: [Site] });
  const error = await rejection(server.client.create(as(Site), { metadata: { name: 'a' }, spec: { a: 'x', b: 1 } } as never));
  expect(error.code).toBe(422);
  expect(error.details?.causes?.map(({ field }) => field)).toEqual(['spec.a', 'spec.b']);
});
