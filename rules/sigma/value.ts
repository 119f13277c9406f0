/**
 * Values of a Sigma rule with their wildcards. Sigma specification, "Escaping": a backslash before `*`, `?` or another
 * backslash takes its meaning away; before anything else it is a backslash. So `\\*` is a backslash and then a wildcard,
 * `\\\*` a backslash and a star.
 */
import { ANY, isAny, ONE, type Pattern } from '../../ingest/store/filter.ts'

export const parseValue = (text: string): Pattern => {
  const out: Pattern[number][] = []
  let plain = ''
  const push = (part: Pattern[number]) => {
    if (plain !== '') out.push(plain)
    plain = ''
    out.push(part)
  }
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    const next = text[i + 1]
    if (c === '\\' && (next === '*' || next === '?' || next === '\\')) {
      plain += next
      i++
    } else if (c === '*') push(ANY)
    else if (c === '?') push(ONE)
    else plain += c
  }
  if (plain !== '') out.push(plain)
  return out
}

/** The text of a pattern without wildcards, else undefined. */
export const plainOf = (pattern: Pattern): string | undefined =>
  pattern.length === 0 ? '' : pattern.length === 1 && typeof pattern[0] === 'string' ? pattern[0] : undefined

const tidy = (pattern: Pattern): Pattern =>
  pattern.filter((part, i) => !(isAny(part) && i > 0 && isAny(pattern[i - 1]!)))

export const containing = (pattern: Pattern): Pattern => tidy([ANY, ...pattern, ANY])
export const starting = (pattern: Pattern): Pattern => tidy([...pattern, ANY])
export const ending = (pattern: Pattern): Pattern => tidy([ANY, ...pattern])
