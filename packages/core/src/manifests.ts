import { LineCounter, parseAllDocuments, type Document, type ScalarTag, type Tags } from 'yaml';
import { ApiError } from './api-error.ts';
import { cloneJson, isJsonObject } from './json-data.ts';
import type { JsonObject } from './object.ts';

/** One object of a manifest, and where it stands. */
export interface Manifest {
  readonly file: string;
  /** Number of the YAML document in the file, from 1. */
  readonly document: number;
  /** The object: `apiVersion` and `kind` are texts, `metadata` is an object if there is one. Otherwise as written. */
  readonly object: ManifestObject;
}

/** An object as a manifest holds it: not yet validated. */
export interface ManifestObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Options of {@link readManifests}. */
export interface ReadManifestsOptions {
  /** What the text is called in errors: a path, a URL, `stdin`. */
  readonly file: string;
}

/** Enough for every manifest; it keeps a small text from expanding into a huge object. */
const MAX_ALIASES = 1000;

/** What YAML 1.1 makes into types that JSON has not; they stay as they are written. */
const NOT_JSON: ReadonlySet<string> = new Set(['binary', 'omap', 'pairs', 'set', 'timestamp'].map((name) => `tag:yaml.org,2002:${name}`));

const octal: ScalarTag = { tag: 'tag:yaml.org,2002:int', default: true, format: 'OCT', test: /^0o[0-7]+$/, resolve: (text) => Number(text) };

/** The YAML that kubectl reads: 1.1's booleans and octals (`yes`, `0644`), but neither its times nor its base 60. */
// Differs from Kubernetes: keys are always texts; kubectl makes `y: 1` into `"true": 1`.
function kubectlTags(tags: Tags): Tags {
  return [...tags.filter((tag) => typeof tag === 'string' || !(NOT_JSON.has(tag.tag) || ('format' in tag && tag.format === 'TIME'))), octal];
}

/**
 * Reads a YAML or JSON text of one or more manifests, as kubectl does: `0644` is octal and `yes` is true. Keys are always texts. Empty documents are
 * skipped; a list (`List`, `PodList`) is taken apart into its items.
 *
 * @throws {ApiError} `BadRequest` when the text is not YAML or a document is no Kubernetes object; the message begins with file, line and document
 */
export function readManifests(text: string, { file }: ReadManifestsOptions): Manifest[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    stringKeys: true,
    version: '1.1',
    schema: 'yaml-1.1',
    customTags: kubectlTags,
  });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document, i) => {
    const where: Where = { file, document: i + 1, line: lines.linePos(startOf(document)).line };
    return toObjects(parsedValue(document, where, lines), where).map((object) => ({ file, document: i + 1, object }));
  });
}

interface Where {
  readonly file: string;
  readonly document: number;
  readonly line: number;
}

function bad({ file, document, line }: Where, why: string, cause?: unknown): ApiError {
  return new ApiError('BadRequest', `${file}:${line}: document ${document}: ${why}`, cause === undefined ? {} : { cause });
}

const startOf = (document: Document): number => document.contents?.range?.[0] ?? document.range?.[0] ?? 0;

function parsedValue(document: Document, where: Where, lines: LineCounter): unknown {
  const [error] = document.errors;
  if (error !== undefined) throw bad({ ...where, line: lines.linePos(error.pos[0]).line }, error.message, error);
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    throw bad(where, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function toObjects(value: unknown, where: Where): ManifestObject[] {
  if (value === null || value === undefined) return [];
  const object = toObject(value, where, '');
  const { items } = object;
  if (!object.kind.endsWith('List') || !Array.isArray(items)) return [object];
  const implied = object.kind === 'List' ? {} : { apiVersion: object.apiVersion, kind: object.kind.slice(0, -'List'.length) };
  return (items as readonly unknown[]).map((item, i) => toObject(isJsonObject(item) ? { ...implied, ...item } : item, where, `items[${i}]`));
}

function toObject(value: unknown, where: Where, path: string): ManifestObject {
  const named = (field: string): string => (path === '' ? field : field === '' ? path : `${path}.${field}`);
  if (!isJsonObject(value)) throw bad(where, `${named('') || 'it'} is not an object`);
  for (const name of ['apiVersion', 'kind'] as const) {
    if (typeof value[name] !== 'string' || value[name] === '') throw bad(where, `${named(name)} is missing or is not a text`);
  }
  const { metadata } = value;
  if (metadata !== undefined && !isJsonObject(metadata)) throw bad(where, `${named('metadata')} is not an object`);
  try {
    return cloneJson(value) as ManifestObject;
  } catch (cause) {
    throw bad(where, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
