import { FIELDS } from './fields.ts';

/** What a field of a message is in the JSON form of its type. */
export type FieldEntry =
  /** `keepsZero`: a zero was meant, not left out. */
  | { readonly type: 'field'; readonly name: string; readonly keepsZero: boolean }
  /** A message whose fields belong to the type itself. */
  | { readonly type: 'inline'; readonly fields: MessageFields };

/** Field number → field. */
export type MessageFields = ReadonlyMap<number, FieldEntry>;

/** The fields of types by their names in OpenAPI. */
export type FieldTable = ReadonlyMap<string, MessageFields>;

/** Reads the table that was made from Kubernetes' types. */
export function readFieldTable(text: string = FIELDS): FieldTable {
  const table = new Map<string, Map<number, FieldEntry>>();
  let prefix = '';
  const fieldsOf = (name: string): Map<number, FieldEntry> => {
    const full = `${prefix}.${name}`;
    let fields = table.get(full);
    if (fields === undefined) table.set(full, (fields = new Map()));
    return fields;
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('= ')) prefix = line.slice(2);
    else if (line !== '') {
      const [name = '', ...entries] = line.split(' ');
      const fields = fieldsOf(name);
      for (const entry of entries) {
        const [field = '', rest = ''] = entry.split('=');
        const inlined = rest.split(':')[1];
        const number = Number.parseInt(rest, 10);
        fields.set(
          number,
          inlined === undefined ? { type: 'field', name: field, keepsZero: rest.endsWith('*') } : { type: 'inline', fields: fieldsOf(inlined) },
        );
      }
    }
  }
  return table;
}
