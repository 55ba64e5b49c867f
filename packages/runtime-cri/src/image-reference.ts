/** An image's name in its parts. */
export interface ImageReference {
  /** Registry and path: `docker.io/library/nginx`. */
  readonly repository: string;
  /** Default `latest`; undefined when there is a digest and no tag. */
  readonly tag?: string;
  /** `sha256:…`. */
  readonly digest?: string;
  /** The whole in its canonical form: `docker.io/library/nginx:1.25`. */
  readonly name: string;
}

/**
 * Reads an image's name as container tools do: no registry means `docker.io`, no path there means `library`, neither tag nor digest means `latest`.
 *
 * @example parseImageReference('nginx').name // 'docker.io/library/nginx:latest'
 */
export function parseImageReference(image: string): ImageReference {
  const at = image.indexOf('@');
  const digest = at < 0 ? undefined : image.slice(at + 1);
  const tagged = at < 0 ? image : image.slice(0, at);
  const colon = tagged.lastIndexOf(':');
  const hasTag = colon > tagged.lastIndexOf('/');
  const repository = inFull(hasTag ? tagged.slice(0, colon) : tagged);
  const tag = hasTag ? tagged.slice(colon + 1) : digest === undefined ? 'latest' : undefined;
  return {
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    name: `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`,
  };
}

function inFull(path: string): string {
  const slash = path.indexOf('/');
  if (slash < 0) return `docker.io/library/${path}`;
  const host = path.slice(0, slash);
  return /[.:]/.test(host) || host === 'localhost' ? path : `docker.io/${path}`;
}
