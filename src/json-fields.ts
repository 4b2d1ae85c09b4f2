/**
 * Fields of JSON that an older version wrote, or that a person edited: each is what its type allows, or blank. What is kept
 * in a cluster is data, so it is looked at where it is read, and nobody after that has to.
 */
import { isJson, type Json } from './json.ts';

export const isText = (value: unknown): value is string => typeof value === 'string';

export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

export const text = (value: unknown, otherwise = ''): string => (isText(value) ? value : otherwise);

/** What was said, however it was written; undefined where nothing was. */
export const said = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : String(value);

export const count = (value: unknown): number => (isCount(value) ? value : 0);

/** RFC 3339; where none is told, the beginning of time. */
export const time = (value: unknown): string =>
  isText(value) && !Number.isNaN(Date.parse(value)) ? value : new Date(0).toISOString();

export const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter(isText) : []);

/** The maps of a list; all else in it is left out. */
export const maps = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isJson) : []);

export const map = (value: unknown): Json => (isJson(value) ? value : {});

/** What a map has of one type, by its keys. */
export const mapOf = <T>(value: unknown, is: (one: unknown) => one is T): Record<string, T> =>
  mapped(value, (one) => (is(one) ? one : undefined));

/** What is made of each value of a map; those of which nothing is made are left out. */
export function mapped<T>(value: unknown, make: (one: unknown) => T | undefined): Record<string, T> {
  const entries = Object.entries(map(value)).flatMap(([key, one]) => {
    const made = make(one);
    return made === undefined ? [] : [[key, made] as const];
  });
  return Object.fromEntries(entries);
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The same without the fields that are undefined. */
export const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
