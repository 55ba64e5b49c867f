/**
 * Kubernetes' field path: `spec.containers[0].name`. Names that are no identifiers are put in brackets, as keys of maps are.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/validation/field/path.go
 */
export function formatFieldPath(names: readonly string[]): string {
  let path = '';
  for (const name of names) {
    if (/^[A-Za-z_$][\w$-]*$/.test(name)) path += path === '' ? name : `.${name}`;
    else path += `[${name}]`;
  }
  return path;
}
