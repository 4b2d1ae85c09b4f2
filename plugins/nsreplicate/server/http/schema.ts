/** JSON Schemas, written short. Every object is closed: what a schema does not name is refused, or not answered. */

export type Schema = Readonly<Record<string, unknown>>;
export type Fields = Readonly<Record<string, Schema>>;

/** @param required fields that are always there. @param optional fields that may be absent */
export const object = (required: Fields, optional: Fields = {}): Schema => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(required),
  properties: { ...required, ...optional },
});

export const list = (
  items: Schema,
  limits: { readonly minItems?: number; readonly maxItems?: number } = {},
): Schema => ({
  type: 'array',
  items,
  ...limits,
});

/** A map from names to values of one schema. */
export const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });

export const text = (description?: string): Schema => ({ type: 'string', ...described(description) });

/** What a client sends is bounded. */
export const input = (description: string, maxLength = 253): Schema => ({
  type: 'string',
  minLength: 1,
  maxLength,
  description,
});

export const time: Schema = { type: 'string', format: 'date-time' };

export const flag = (description?: string): Schema => ({ type: 'boolean', ...described(description) });

export const count = (description?: string): Schema => ({
  type: 'integer',
  minimum: 0,
  ...described(description),
});

export const number = (description?: string): Schema => ({ type: 'number', ...described(description) });

export const oneOf = (values: readonly string[], description?: string): Schema => ({
  type: 'string',
  enum: values,
  ...described(description),
});

const described = (description: string | undefined) => (description === undefined ? {} : { description });

export const problemSchema: Schema = object(
  {
    type: text('about:blank: the status says what kind of problem it is'),
    title: text(),
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: text('What happened'),
  },
  { hint: text('What to do next') },
);
