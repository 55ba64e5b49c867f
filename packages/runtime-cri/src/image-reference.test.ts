import { expect, it } from 'vitest';
import { parseImageReference } from './image-reference.ts';

it.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.25', 'docker.io/library/nginx:1.25'],
  ['bitnami/nginx', 'docker.io/bitnami/nginx:latest'],
  ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/team/app:v1', 'localhost:5000/team/app:v1'],
  ['nginx@sha256:abc', 'docker.io/library/nginx@sha256:abc'],
  ['nginx:1@sha256:abc', 'docker.io/library/nginx:1@sha256:abc'],
])('%s is %s', (image, name) => {
  expect(parseImageReference(image).name).toBe(name);
});
