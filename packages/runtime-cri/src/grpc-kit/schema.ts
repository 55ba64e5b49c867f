/** What a field holds: a scalar, or the name of a message or enum of the same schema. */
export type FieldType = string;

/** A field of a message: its number on the wire, its name in TypeScript, and what it holds. */
export interface FieldSchema {
  readonly number: number;
  readonly key: string;
  readonly type: FieldType;
  /** Several of them; `map` is a map from string to string. */
  readonly label?: 'repeated' | 'map';
  /** Present even when the wire does not have it, with the zero value of its type. */
  readonly required?: true;
}

/** One method of a service. */
export interface MethodSchema {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: string;
  readonly response: string;
  /** The answer is a stream. */
  readonly stream?: true;
}

/** Messages, enums and methods of a protocol, as data. */
export interface ProtoSchema {
  readonly messages: Readonly<Record<string, readonly FieldSchema[]>>;
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
}
