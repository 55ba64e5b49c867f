import type { MutableJson } from '../kind-model.ts';
import { isEmpty, items, pointer, struct, type DefaultsByKind } from './access.ts';

const HTTPS_PORT = 443;

/** @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go */
export const defaults: DefaultsByKind = { CustomResourceDefinition: setDefinitionDefaults };

function setDefinitionDefaults(definition: MutableJson): void {
  const spec = struct(definition, 'spec');
  const names = struct(spec, 'names');
  if (typeof names.kind === 'string') {
    names.singular ||= names.kind.toLowerCase();
    if (names.kind !== '') names.listKind ||= `${names.kind}List`;
  }
  const conversion = struct(spec, 'conversion');
  conversion.strategy ||= 'None';
  const service = pointer(pointer(pointer(conversion.webhook)?.clientConfig)?.service);
  if (service !== undefined) service.port ??= HTTPS_PORT;
  const status = struct(definition, 'status');
  const stored: unknown = items(spec.versions).find((version) => version.storage === true)?.name;
  if (isEmpty(status.storedVersions) && typeof stored === 'string') status.storedVersions = [stored];
}
