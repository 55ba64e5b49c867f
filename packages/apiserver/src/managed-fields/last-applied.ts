import { isJsonObject, LAST_APPLIED_ANNOTATION, type KubernetesObject, type MutableJson } from '@kybern/core';
import { compareFields, difference, fieldsOf, type FieldSet, type FieldType } from '@kybern/core/server-side-apply';

/** Only kubectl's own applies, under its usual name, are about its annotation. */
const KUBECTL = 'kubectl';

/**
 * The fields that `kubectl apply --server-side` may take over without force: those that `kubectl apply` applied before and that are still as it left them.
 *
 * @see kubernetes v1.36 …/apimachinery/pkg/util/managedfields/internal/lastappliedmanager.go
 */
export function appliedByKubectl(manager: string, live: KubernetesObject, type: FieldType): FieldSet | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED_ANNOTATION];
  const last = manager === KUBECTL && text !== undefined ? tryParse(text) : undefined;
  if (last === undefined) return undefined;
  const { removed, modified, added } = compareFields(last, live, type);
  return [removed, modified, added].reduce(difference, fieldsOf(last, type));
}

/**
 * The object with the annotation of `kubectl apply` brought up to date, if it has one, so that kubectl may go back to applying without `--server-side`.
 *
 * @see kubernetes v1.36 …/apimachinery/pkg/util/managedfields/internal/lastappliedupdater.go
 */
export function withLastApplied(manager: string, object: KubernetesObject, applied: MutableJson): KubernetesObject {
  if (manager !== KUBECTL || object.metadata.annotations?.[LAST_APPLIED_ANNOTATION] === undefined) return object;
  const { [LAST_APPLIED_ANNOTATION]: _, ...annotations } = applied.metadata?.annotations ?? {};
  const plain = { ...applied, metadata: { ...applied.metadata, annotations } };
  const metadata = { ...object.metadata, annotations: { ...object.metadata.annotations, [LAST_APPLIED_ANNOTATION]: `${JSON.stringify(plain)}\n` } };
  return { ...object, metadata };
}

/** What the annotation holds may be anything. */
function tryParse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
