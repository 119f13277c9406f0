/** The token that a source of `http:` takes. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Source } from '../source.ts'

const equal = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

/** As `hashedToken` makes one. */
const HASHED = /^sha256:([0-9a-f]{64})$/
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')
/** What is kept of a token where others may read it: who knows it is known by it, and nobody learns it from there. */
export const hashedToken = (token: string): string => (HASHED.test(token) ? token : `sha256:${hashOf(token)}`)
const takes = (held: string, given: string): boolean => {
  const hash = HASHED.exec(held)?.[1]
  return hash === undefined ? equal(given, held) : equal(hashOf(given), hash)
}

/** The source with this id, where it takes this token. A wrong name and a wrong token are answered alike: names are not to be guessed. */
export const sourceOfToken = (
  sources: readonly Source[],
  id: string | undefined,
  token: string,
): Source | undefined => {
  const source = sources.find((each) => each.id === id)
  return source?.collect.kind === 'http' && takes(source.collect.token, token) ? source : undefined
}
