/** JSON merge patches (RFC 7396). Pure. */
import { own, setOwn } from '../../../src/json.ts';
import { canonical, isJson, type Json } from './draft.ts';

/** What turns one map into another one. A value that is null can't be asked for by such a patch, and is left out. */
export function mergePatch(before: Json, after: Json): Json {
  const patch: Json = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [own(before, key), own(after, key)];
    if (canonical(was) === canonical(is) || (is ?? null) === (was ?? null)) continue;
    setOwn(patch, key, isJson(was) && isJson(is) ? mergePatch(was, is) : (is ?? null));
  }
  return patch;
}
