/** From a name and a password to a token. */

import type { Credentials, SignIn } from '../accounts/sign-in.ts';
import { roles } from '../http/account.ts';
import { route } from '../http/route.ts';
import { input, list, object, oneOf, text, time } from '../http/schema.ts';

export const signInRoute = (signIn: SignIn) =>
  route<{ body: Credentials }>({
    method: 'POST',
    path: '/api/login',
    summary: 'Signs in.',
    needs: 'nobody',
    body: object({ username: input('Name of the user', 63), password: input('Password', 256) }),
    answers: {
      200: {
        description: 'A token for the Authorization header: `Bearer TOKEN`',
        schema: object(
          { token: text(), expiresAt: time, username: text(), role: oneOf(roles) },
          { namespaces: list(text()) },
        ),
      },
    },
    problems: [401, 429, 502, 503],
    handle: async ({ body, address }) => {
      const { token, expiresAt, caller } = await signIn.signIn(body, address);
      const { name: username, ...grant } = caller;
      return { body: { token, expiresAt: expiresAt.toISOString(), username, ...grant } };
    },
  });
