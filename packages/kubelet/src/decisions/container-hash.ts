import type { Container } from '@kybern/core/kinds';

/**
 * Changes exactly when a running container has to be replaced: with its name or image, which are all of its definition that can change in place.
 *
 * Differs from Kubernetes: the same fields, but another function, so a kubelet of Kubernetes would replace our containers.
 *
 * @see kubernetes v1.36 pkg/kubelet/container/helpers.go (HashContainer)
 */
export function containerHash(container: Container): string {
  const text = `${container.name}\n${container.image ?? ''}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16);
}
