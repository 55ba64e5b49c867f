/** Longer names are refused by every registry, and a bound keeps the pattern fast. */
const MAX_LENGTH = 1024;
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const HOST_PART = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const HOST = `(?:${HOST_PART}(?:\\.${HOST_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const REFERENCE = new RegExp(
  `^(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*(?::(?<tag>\\w[\\w.-]{0,127}))?(?<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);

/**
 * The tag of an image reference: `latest` when it has neither tag nor digest, empty when it has only a digest or is no reference.
 *
 * @see kubernetes v1.36 pkg/util/parsers/parsers.go (ParseImageName)
 */
export function imageTag(image: unknown): string {
  if (typeof image !== 'string' || image.length > MAX_LENGTH) return '';
  const groups = REFERENCE.exec(image)?.groups;
  if (groups === undefined) return '';
  return groups['tag'] ?? (groups['digest'] === undefined ? 'latest' : '');
}

/** `Always` for the tag `latest`, otherwise `IfNotPresent`. */
export function defaultPullPolicy(image: unknown): 'Always' | 'IfNotPresent' {
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent';
}
