/** The token that a source of `http:` takes. */
import { timingSafeEqual } from 'node:crypto'
import type { Source } from '../source.ts'

const equal = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

/** The source with this id, where it takes this token. A wrong name and a wrong token are answered alike: names are not to be guessed. */
export const sourceOfToken = (
  sources: readonly Source[],
  id: string | undefined,
  token: string,
): Source | undefined => {
  const source = sources.find((each) => each.id === id)
  return source?.collect.kind === 'http' && equal(token, source.collect.token) ? source : undefined
}
