/** The page and its parts: texts that are built into the plugin. They hold nothing of any cluster. */
import { type Route, route } from '../http/route.ts';
import { type PageParts, pageParts } from './page-parts.ts';

const parts: readonly (readonly [path: string, type: string, part: keyof PageParts])[] = [
  ['/', 'text/html; charset=utf-8', 'html'],
  ['/page.js', 'text/javascript; charset=utf-8', 'script'],
  ['/page.css', 'text/css; charset=utf-8', 'style'],
  ['/page.svg', 'image/svg+xml', 'icon'],
];

export const pageRoutes = (): Route[] =>
  parts.map(([path, type, part]) =>
    route({
      method: 'GET',
      path,
      summary: 'A part of the page.',
      needs: 'nobody',
      type,
      answers: {},
      undocumented: true,
      handle: async () => ({ body: (await pageParts())[part] }),
    }),
  );
