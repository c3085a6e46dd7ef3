import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { repositoryRoot } from '../support/paths.js';

/** As much of a JSON Schema as the tests look at. */
export interface Schema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const folder = join(repositoryRoot, 'schemas');

/** File name and content of every published schema. */
export const schemas: ReadonlyMap<string, Schema> = new Map(
  readdirSync(folder).map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8')) as Schema]),
);

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
for (const schema of schemas.values()) ajv.addSchema(schema);

/** The schema's content, by the name in its id: `receipt` for `urn:gait:schema:receipt:1`. */
export function schemaOf(name: string): Schema {
  return resolve(`urn:gait:schema:${name}:1`, {});
}

/** Follows a reference, local to `root` or by id, with or without a JSON pointer. */
export function resolve(ref: string, root: Schema): Schema {
  const [id = '', pointer = ''] = ref.split('#');
  const start = id === '' ? root : [...schemas.values()].find((schema) => schema.$id === id);
  if (start === undefined) throw new Error(`no schema has the id ${id}`);
  const end = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((at, segment) => (at as Readonly<Record<string, unknown>>)[segment], start);
  if (typeof end !== 'object' || end === null) throw new Error(`nothing is at ${ref}`);
  return end;
}

/** What is wrong with a value, one text each; none for a valid one. @param ref name of a schema, or name and pointer */
export function complaints(ref: string, value: unknown): string[] {
  const [name = '', pointer = ''] = ref.split('#');
  const id = `urn:gait:schema:${name}:1${pointer === '' ? '' : `#${pointer}`}`;
  const validate: ValidateFunction | undefined = ajv.getSchema(id);
  if (validate === undefined) throw new Error(`no schema ${id}`);
  // Through text, as a consumer gets it.
  if (validate(JSON.parse(JSON.stringify(value)))) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/**
 * What is wrong with an object that a command printed, one text each. Unlike its readers, who have to expect new fields, the
 * command may print none that its schema does not list.
 *
 * @param name of the definition of the command in command-output
 */
export function outputComplaints(name: string, value: unknown): string[] {
  const validate = ajv.compile({
    type: 'object',
    $ref: `urn:gait:schema:command-output:1#/$defs/${name}`,
    unevaluatedProperties: false,
  });
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** Paths of keys that a value has and its schema does not list; what is below a field without listed keys is free. */
export function undeclaredKeys(ref: string, value: unknown): string[] {
  const [name = '', pointer = ''] = ref.split('#');
  const root = schemaOf(name);
  return [...findUndeclared(value, resolve(`#${pointer}`, root), root, '')];
}

function* findUndeclared(value: unknown, schema: Schema, root: Schema, path: string): Generator<string> {
  if (schema.$ref !== undefined) {
    const home = schema.$ref.startsWith('#') ? root : resolve(schema.$ref.split('#')[0] ?? '', root);
    yield* findUndeclared(value, resolve(schema.$ref, root), home, path);
  } else if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    for (const [at, item] of value.entries()) yield* findUndeclared(item, items, root, `${path}/${at}`);
  } else if (typeof value === 'object' && value !== null && schema.properties !== undefined) {
    for (const [key, inner] of Object.entries(value)) {
      const property = schema.properties[key];
      if (property === undefined) yield `${path}/${key}`;
      else yield* findUndeclared(inner, property, root, `${path}/${key}`);
    }
  }
}
