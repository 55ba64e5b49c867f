import type { MutableJson } from '../kind-model.ts';
import { items, struct, type DefaultsByKind } from './access.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** @see kubernetes v1.36 pkg/apis/rbac/v1/defaults.go */
export const defaults: DefaultsByKind = { ClusterRoleBinding: setBindingDefaults, RoleBinding: setBindingDefaults };

function setBindingDefaults(binding: MutableJson): void {
  struct(binding, 'roleRef').apiGroup ||= GROUP;
  for (const subject of items(binding.subjects)) if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= GROUP;
}
