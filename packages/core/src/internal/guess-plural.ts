/** The plural of a kind's name in lower case. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/api/meta/restmapper.go (UnsafeGuessKindToResource) */
export function guessPlural(singular: string): string {
  if (singular.endsWith('s')) return `${singular}es`;
  return singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}
