import type { FieldSchema, MethodSchema, ProtoSchema } from './schema.ts';

/** A protocol: its messages and enums, and its methods by `Service/Method`. */
export interface ProtoTable {
  readonly schema: ProtoSchema;
  readonly methods: Readonly<Record<string, MethodSchema>>;
}

const SCALARS: ReadonlySet<string> = new Set(['string', 'bool', 'bytes', 'int32', 'uint32', 'int64', 'uint64', 'double']);

/**
 * Reads a protocol from its table, which is what a `.proto` file says without its comments:
 *
 * ```
 * service Registration
 *   Register RegisterRequest Empty
 *   ListAndWatch Empty stream Devices
 * msg RegisterRequest: version=1 string, options=4 Options, devices_ids=5 []string, envs=6 map<string,string>
 * msg Empty:
 * enum Mode: UNKNOWN=0, ON=1
 * ```
 *
 * Fields are named as in proto JSON (`devices_ids` is `devicesIds`). When they are read, scalars, enums, lists and maps are always there, with the zero value of their type when the wire does not have
 * them; messages, and fields marked `(oneof …)`, only when it has them. Maps are from string to string; calls whose requests are streams cannot be said.
 *
 * @param table.package the protocol's package, such as `csi.v1`
 * @throws {SyntaxError} when a line is none of these
 */
export function parseProtoTable(text: string, table: { readonly package: string }): ProtoTable {
  const messages: Record<string, readonly FieldSchema[]> = {};
  const enums: Record<string, Readonly<Record<string, number>>> = {};
  const methods: Record<string, MethodSchema> = {};
  const fields: [message: string, text: string][] = [];
  let service = '';
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [, word, name = '', rest = ''] = /^(service|msg|enum) ([^\s:]+):? ?(.*)$/.exec(line) ?? [];
    if (word === 'service') service = name;
    else if (word === 'msg') fields.push([name, rest.trim()]);
    else if (word === 'enum') enums[name] = valuesOf(rest);
    else {
      const [key, method] = methodOf(line, `${table.package}.${service}`);
      methods[`${service}/${key}`] = method;
    }
  }
  // Whether a field's type is a message is known when every message is.
  for (const [name, list] of fields) messages[name] = list === '' ? [] : list.split(', ').map((field) => fieldOf(field, enums));
  return { schema: { messages, enums }, methods };
}

function methodOf(line: string, service: string): readonly [string, MethodSchema] {
  const [, rpc, request = '', stream, response = ''] = /^ {2}(\S+) (\S+) (stream )?(\S+)$/.exec(line) ?? [];
  if (rpc === undefined) throw new SyntaxError(`"${line}" is no line of a table of messages and methods`);
  return [rpc, { path: `/${service}/${rpc}`, request, response, ...(stream !== undefined && { stream: true }) }];
}

function fieldOf(text: string, enums: ProtoSchema['enums']): FieldSchema {
  const [, name, number, list, plain = '', oneof] = /^(\S+)=(\d+) (\[\])?(\S+)( \(oneof .*\))?$/.exec(text) ?? [];
  if (name === undefined) throw new SyntaxError(`"${text}" is no field, such as "devices_ids=1 []string"`);
  const map = plain.startsWith('map<');
  if (map && plain !== 'map<string,string>') throw new SyntaxError(`"${text}": maps are from string to string`);
  const label = map ? 'map' : list === undefined ? undefined : 'repeated';
  const type = map ? 'string' : plain;
  const always = oneof === undefined && (label !== undefined || SCALARS.has(type) || enums[type] !== undefined);
  const key = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return { number: Number(number), key, type, ...(label !== undefined && { label }), ...(always && { required: true }) };
}

function valuesOf(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries(text.split(', ').map((each) => [each.slice(0, each.indexOf('=')), Number(each.slice(each.indexOf('=') + 1))]));
}
