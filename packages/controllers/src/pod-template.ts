import { deepEqual, type ObjectInput, type OwnerReference } from '@kybern/core';
import type { Pod, PodTemplateSpec } from '@kybern/core/kinds';
import { stableJson } from './stable-json.ts';

/** The label that tells the Pods of a Deployment's ReplicaSets apart. */
export const POD_TEMPLATE_HASH = 'pod-template-hash';

const HASH_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The value of the `pod-template-hash` label: FNV-1a (32 bits) of the template, in letters that spell no words.
 *
 * Differs from Kubernetes: what is hashed is the template's JSON with sorted fields, where Kubernetes hashes a dump of Go's memory, so the values
 * differ from Kubernetes'. Nothing depends on them: an existing ReplicaSet is found by its template.
 *
 * @param collisionCount how often the name that the hash gives was taken by another template
 * @see kubernetes v1.36 pkg/controller/controller_utils.go (ComputeHash)
 */
export function podTemplateHash(template: PodTemplateSpec, collisionCount?: number): string {
  let hash = fnv32a(0x811c9dc5, new TextEncoder().encode(stableJson(template)));
  if (collisionCount !== undefined) hash = fnv32a(hash, littleEndian64(collisionCount));
  return safeEncode(String(hash >>> 0));
}

/**
 * Whether two templates are the same but for their `pod-template-hash` label.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/util/deployment_util.go (EqualIgnoreHash)
 */
export function equalIgnoringHash(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return deepEqual(a?.spec, b?.spec) && deepEqual(comparableMeta(a), comparableMeta(b));
}

/** An empty map is as none: which of the two is stored depends on who wrote the object. */
function comparableMeta(template: PodTemplateSpec | undefined): unknown {
  const { labels, annotations, ...rest } = template?.metadata ?? {};
  const { [POD_TEMPLATE_HASH]: _hash, ...others } = labels ?? {};
  return { ...rest, labels: others, annotations: annotations ?? {} };
}

function fnv32a(basis: number, bytes: Iterable<number>): number {
  let hash = basis;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

function littleEndian64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go (SafeEncodeString) */
function safeEncode(text: string): string {
  let encoded = '';
  for (let i = 0; i < text.length; i++) encoded += HASH_ALPHABET.charAt(text.charCodeAt(i) % HASH_ALPHABET.length);
  return encoded;
}

/**
 * A Pod as `template` describes it, managed by `owner`.
 *
 * @see kubernetes v1.36 pkg/controller/controller_utils.go (GetPodFromTemplate)
 */
export function podFromTemplate(template: PodTemplateSpec | undefined, owner: OwnerReference, namespace: string | undefined): ObjectInput<Pod> {
  const { labels = {}, annotations = {}, finalizers = [] } = template?.metadata ?? {};
  return {
    metadata: {
      generateName: `${owner.name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ...(finalizers.length === 0 ? {} : { finalizers }),
      ownerReferences: [owner],
    },
    spec: template?.spec ?? { containers: [] },
  };
}
