/** Tokens: JSON Web Tokens that name an account and the password it had, signed with a key of the cluster. */
import { errors, jwtVerify, SignJWT } from 'jose';

const ALGORITHM = 'HS256';
const ISSUER = 'kubectl-nsreplicate';

export interface TokenClaims {
  readonly name: string;
  /** The account's, which is another one after its password changed. */
  readonly id: string;
}

/** @param expires wall time */
export function signToken(
  { name, id }: TokenClaims,
  key: Uint8Array,
  issued: Date,
  expires: Date,
): Promise<string> {
  return new SignJWT({ id })
    .setProtectedHeader({ alg: ALGORITHM })
    .setIssuer(ISSUER)
    .setSubject(name)
    .setIssuedAt(issued)
    .setExpirationTime(expires)
    .sign(key);
}

/** What a token says; undefined where it is not ours, was changed, or is over. */
export async function readToken(token: string, key: Uint8Array, now: Date): Promise<TokenClaims | undefined> {
  try {
    const options = {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      requiredClaims: ['sub', 'exp', 'id'],
      currentDate: now,
    };
    const { payload } = await jwtVerify(token, key, options);
    const { sub: name, id } = payload;
    return typeof name === 'string' && typeof id === 'string' ? { name, id } : undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
