import { ApiError } from '@kybern/core';
import { PROTOBUF_TYPE } from './protobuf/decode.ts';

/** In what form an answer is wanted. */
export interface Representation {
  readonly encoding: 'json' | 'yaml' | 'protobuf';
  /** Undefined: the object itself. */
  readonly as?: Transformation;
}

/** Other shapes of an object or a list, of the group meta.k8s.io. */
export interface Transformation {
  readonly kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  readonly version: 'v1' | 'v1beta1';
}

/** One alternative of an Accept header. */
export interface AcceptClause {
  /** In lower case. */
  readonly mediaType: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The most alternatives that are looked at; nobody has so many. */
const MAX_CLAUSES = 64;

/** Takes an Accept header apart, best first; what is refused (`q=0`) is left out. Without a header anything goes. */
export function parseAccept(header: string | undefined): readonly AcceptClause[] {
  if (header === undefined || header.trim() === '') return [{ mediaType: '*/*', parameters: {} }];
  const clauses = header.split(',', MAX_CLAUSES).map((clause) => {
    const [mediaType = '', ...rest] = clause.split(';').map((part) => part.trim());
    const parameters = Object.fromEntries(
      rest.map((part) => [
        part.split('=', 1)[0]?.trim().toLowerCase() ?? '',
        part
          .slice(part.indexOf('=') + 1)
          .trim()
          .replaceAll('"', ''),
      ]),
    );
    const quality = parameters['q'] === undefined ? 1 : Number(parameters['q']);
    return { mediaType: mediaType.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
  });
  return clauses.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
}

const PLAIN: Representation = Object.freeze({ encoding: 'json' });

const ENCODINGS: Readonly<Record<string, Representation['encoding']>> = {
  '*/*': 'json',
  'application/*': 'json',
  'application/json': 'json',
  'application/yaml': 'yaml',
  [PROTOBUF_TYPE]: 'protobuf',
};

/**
 * The first form that a client accepts and we have.
 *
 * @param offer what there is: events are not sent as YAML, and not everything has a form in protocol buffers
 * @throws {ApiError} `NotAcceptable`
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go
 */
export function chooseRepresentation(header: string | undefined, offer: { readonly stream: boolean; readonly protobuf: boolean }): Representation {
  if (header === undefined || header === 'application/json' || header === '*/*' || header === 'application/json, */*') return PLAIN;
  for (const { mediaType, parameters } of parseAccept(header)) {
    const encoding = Object.hasOwn(ENCODINGS, mediaType) ? ENCODINGS[mediaType] : undefined;
    if (encoding === undefined || !isOffered(encoding, offer)) continue;
    const { as, g, v } = parameters;
    // Other shapes are sent in text only; whoever asks for them in protocol buffers asks for them in JSON next.
    if (as !== undefined && encoding === 'protobuf') continue;
    if (as === undefined) return { encoding };
    if (g === 'meta.k8s.io' && (v === 'v1' || v === 'v1beta1') && isTransformation(as)) return { encoding, as: { kind: as, version: v } };
  }
  throw notAcceptable(
    offer.stream ? ['application/json;stream=watch', `${PROTOBUF_TYPE};stream=watch`] : ['application/json', 'application/yaml', PROTOBUF_TYPE],
  );
}

/** Whether a client would rather have protocol buffers, or takes them at all: then it is worth finding out if there are any. */
export function mentionsProtobuf(header: string | undefined): boolean {
  return header?.includes(PROTOBUF_TYPE) === true;
}

function isOffered(encoding: Representation['encoding'], { stream, protobuf }: { readonly stream: boolean; readonly protobuf: boolean }): boolean {
  return encoding === 'protobuf' ? protobuf : encoding === 'json' || !stream;
}

/** Whether one of the alternatives is of a media type, with the given parameters at least. */
export function accepts(header: string | undefined, mediaType: string, parameters: Readonly<Record<string, string>> = {}): boolean {
  return parseAccept(header).some(
    (clause) => clause.mediaType === mediaType && Object.entries(parameters).every(([name, value]) => clause.parameters[name] === value),
  );
}

/** 406 in Kubernetes' words. */
export function notAcceptable(offered: readonly string[]): ApiError {
  return new ApiError('NotAcceptable', `only the following media types are accepted: ${offered.join(', ')}`);
}

function isTransformation(as: string): as is Transformation['kind'] {
  return as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList';
}
