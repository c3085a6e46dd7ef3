/** Holds schemas to tables of fields and words that the compiler holds to the TypeScript types. */
import { describe, expect, test } from 'vitest';
import { resolve, schemaOf, type Schema } from './schema-files.js';

/** The JSON Schema type of a TypeScript type. */
type JsonType<V> = [V] extends [string]
  ? 'string'
  : [V] extends [number]
    ? 'integer'
    : [V] extends [boolean]
      ? 'boolean'
      : [V] extends [readonly unknown[]]
        ? 'array'
        : [V] extends [readonly unknown[] | null]
          ? 'array|null'
          : 'object';

/** Each field of T with its JSON type, and a question mark where it may be absent. */
export type Fields<T> = {
  readonly [K in keyof Required<T>]: `${JsonType<Required<T>[K]>}${Pick<T, K> extends Required<Pick<T, K>> ? '' : '?'}`;
};

type FieldTable = Readonly<Record<string, string>>;

/** Every value of a union of words, held to it by the compiler. */
export function allOf<T extends string>(words: Readonly<Record<T, true>>): string[] {
  return Object.keys(words).toSorted();
}

/** Tests the fields of schemas. @param rows name, pointer and fields of each */
export function testFields(rows: readonly (readonly [name: string, pointer: string, fields: FieldTable])[]): void {
  describe.each(rows)('%s%s', (name, pointer, fields) => {
    const root = schemaOf(name);
    const schema = resolve(`#${pointer}`, root);

    test('has the fields of its TypeScript type, of the same types', () => {
      const typed = Object.entries(fields).map(([field, type]) => [field, type.replace('?', '')]);
      expect(typesOf(schema, root)).toEqual(Object.fromEntries(typed));
    });

    test('requires the fields that its TypeScript type requires', () => {
      const needed = Object.entries(fields).filter(([, type]) => !type.endsWith('?'));
      expect(schema.required?.toSorted()).toEqual(needed.map(([field]) => field).toSorted());
    });
  });
}

/** Tests the words that schemas allow. @param rows name, pointer and words of each */
export function testWords(rows: readonly (readonly [name: string, pointer: string, words: readonly string[]])[]): void {
  test.each(rows)('%s#%s allows the words of its TypeScript type and no others', (name, pointer, words) => {
    expect(resolve(`#${pointer}`, schemaOf(name)).enum?.toSorted()).toEqual([...words].toSorted());
  });
}

function typesOf(schema: Schema, root: Schema): Record<string, string> {
  const entries = Object.entries(schema.properties ?? {}).map(([field, property]) => [field, typeOf(property, root)]);
  return Object.fromEntries(entries) as Record<string, string>;
}

function typeOf(property: Schema, root: Schema): string {
  if (property.type !== undefined) return [property.type].flat().join('|');
  if (property.$ref === undefined) throw new Error('a property without a type');
  const isLocal = property.$ref.startsWith('#');
  return typeOf(resolve(property.$ref, root), isLocal ? root : resolve(property.$ref.split('#')[0] ?? '', root));
}
