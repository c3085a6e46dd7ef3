import { createRequire } from 'node:module';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { resolve, schemas, type Schema } from './schema-files.js';

describe.each([...schemas])('%s', (file, schema) => {
  test('is a JSON Schema of the 2020-12 draft', () => {
    expect(new Ajv2020().validateSchema(schema)).toBe(true);
  });

  test('is named by its id and can be loaded from the package', () => {
    expect(`${schema.$id?.split(':')[3]}.schema.json`).toBe(file);
    expect(createRequire(import.meta.url)(`gait-journal/schemas/${file}`)).toEqual(schema);
  });

  test('describes itself and each of its fields', () => {
    expect(schema.description).toBeTruthy();
    expect([...fieldsWithoutDescription(schema, schema, '')]).toEqual([]);
  });
});

function* fieldsWithoutDescription(schema: Schema, root: Schema, path: string): Generator<string> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const described =
      field.description ?? (field.$ref === undefined ? undefined : resolve(field.$ref, root).description);
    if (described === undefined) yield `${path}/${name}`;
    yield* fieldsWithoutDescription(field, root, `${path}/${name}`);
  }
  for (const [name, inner] of Object.entries(schema.$defs ?? {})) {
    if (inner.description === undefined) yield `${path}/$defs/${name}`;
    yield* fieldsWithoutDescription(inner, root, `${path}/$defs/${name}`);
  }
}
